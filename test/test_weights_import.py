"""Checkpoints of the originals: every published entry finds its place, and anything else is refused."""

import json
import os
import re
from pathlib import Path

import pytest
import torch

from mtdense_ros.errors import WeightsError
from mtdense_ros.models import create_model
from mtdense_ros.weights import convert_state_dict, inferred_config, read_foreign

DATA = Path(os.environ.get("MTDENSE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

VARIANTS = {
    "hydranet_2task_6cls": ("hydranet", {"num_classes": 6, "tasks": ["labels", "depth"]}),
    "hydranet_3task_40cls": ("hydranet", {"num_classes": 40, "tasks": ["labels", "depth", "normals"]}),
    "mdeas": ("mdeas", {}),
}


def checkpoint(name):
    """A state dict with the original's names and shapes and values that tell every entry from the others."""
    path = DATA / "checkpoint_keys" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"no {path}: set MTDENSE_DATA to the folder with checkpoint_keys")
    shapes = json.loads(path.read_text())
    return {
        key: torch.tensor(i) if key.endswith("num_batches_tracked") else torch.full(shape, float(i))
        for i, (key, shape) in enumerate(shapes.items())
    }


@pytest.fixture(params=VARIANTS)
def variant(request):
    return (*VARIANTS[request.param], checkpoint(request.param))


def test_every_entry_arrives_once(variant):
    arch, config, original = variant
    assert inferred_config(arch, original) == config
    ours = convert_state_dict(arch, original)
    create_model(arch, **config).load_state_dict(ours, strict=True)
    assert sorted(int(value.flatten()[0]) for value in ours.values()) == list(range(len(original)))


def test_wrapped_parallel_and_without_counters(variant):
    arch, _, original = variant
    old = {f"module.{key}": value for key, value in original.items() if not key.endswith("num_batches_tracked")}
    ours = convert_state_dict(arch, {"epoch": 3, "state_dict": old})
    plain = convert_state_dict(arch, original)
    assert list(ours) == list(plain)
    for key, value in ours.items():
        assert torch.equal(value, torch.zeros_like(value) if key.endswith("num_batches_tracked") else plain[key])


def test_order_of_entries_does_not_matter(variant):
    arch, _, original = variant
    ours, reversed_ = (convert_state_dict(arch, entries) for entries in (original, dict(reversed(original.items()))))
    assert all(torch.equal(value, reversed_[key]) for key, value in ours.items())


def test_the_result_is_a_copy(variant):
    arch, _, original = variant
    before = {key: value.clone() for key, value in original.items()}
    for value in convert_state_dict(arch, original).values():
        value.add_(1)
    assert all(torch.equal(value, original[key]) for key, value in before.items())


def test_known_places():
    """Two entries of each original, traced by hand through its source."""
    hydranet = checkpoint("hydranet_3task_40cls")
    ours = convert_state_dict("hydranet", hydranet)
    assert torch.equal(ours["encoder.layer3.1.depthwise.1.running_var"], hydranet["layer3.1.output.1.1.running_var"])
    assert torch.equal(ours["decoder.crp.stride4.stages.1.weight"], hydranet["crp1.0.2_outvar_dimred.weight"])
    assert torch.equal(ours["heads.normals.scale.weight"], hydranet["pre_normal.weight"])
    mdeas = checkpoint("mdeas")
    ours = convert_state_dict("mdeas", mdeas)
    assert torch.equal(ours["stem_background.0.weight"], mdeas["InitBlock_1.0.weight"])
    theirs = mdeas["MaskDecoder.DecoderBlock_3.DenseBlock.DepthConvBlock1.1.2.bias"]
    assert torch.equal(ours["heads.foreground.blocks.2.convs.0.1.2.bias"], theirs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("conv8.weight"), "entry 'conv8.weight' is missing"),
        (lambda c: c.pop("segm.weight"), "entry 'segm.weight' is missing"),
        (lambda c: c.pop("pre_depth.weight"), "entry 'pre_depth.weight' is missing"),
        (lambda c: c.pop("layer4.2.output.1.1.running_mean"), "entry 'layer4.2.output.1.1.running_mean' is missing"),
        (lambda c: c.update({"conv9.weight": torch.zeros(1)}), "entry 'conv9.weight' is not part of the original"),
        (lambda c: c.update({"depth.bias": torch.zeros(2)}), "entry 'depth.bias' is torch.float32 [2], the network has torch.float32 [1]"),
        (lambda c: c.update({"segm.weight": torch.zeros(())}), "entry 'segm.weight' is []"),
        (lambda c: c.update({"depth.bias": "text"}), "entry 'depth.bias' is a str, no tensor"),
        (lambda c: c.update({"module.depth.bias": torch.zeros(1)}), "entry 'depth.bias' is there with and without 'module.'"),
        (lambda c: c.clear(), "entry 'segm.weight' is missing"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    original = checkpoint("hydranet_2task_6cls")
    change(original)
    with pytest.raises(WeightsError, match=re.escape(message)):
        convert_state_dict("hydranet", original)


def test_unknown_architecture():
    with pytest.raises(WeightsError, match="'mtdense': cannot be converted; .*known: hydranet, mdeas"):
        convert_state_dict("mtdense", {})


@pytest.mark.parametrize("legacy", [False, True])
def test_reading_what_torch_saved(tmp_path, legacy):
    torch.save({"state_dict": {"w": torch.ones(2)}}, tmp_path / "c.pth", _use_new_zipfile_serialization=not legacy)
    assert torch.equal(read_foreign(tmp_path / "c.pth")["state_dict"]["w"], torch.ones(2))


class Trap:
    """Unpickling it would create the file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickled_code_is_refused_and_not_run(tmp_path):
    torch.save({"state_dict": Trap(tmp_path / "sprung")}, tmp_path / "c.pth")
    with pytest.raises(WeightsError, match=r"refused, loading it would run code \('posix.mkdir'\)"):
        read_foreign(tmp_path / "c.pth")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken"])
def test_no_checkpoint(tmp_path, content):
    (tmp_path / "c.pth").write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        read_foreign(tmp_path / "c.pth")


def test_checkpoint_without_names(tmp_path):
    torch.save([torch.ones(1)], tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="holds a list, no state_dict"):
        read_foreign(tmp_path / "c.pth")
