"""The choice of an engine in the user's cache: what it holds for, and what makes it void."""

import json
import logging
from threading import Thread

import pytest

from mtdense_ros.engines import measured_choice
from mtdense_ros.engines.machine import Machine
from mtdense_ros.engines.measured_choice import (
    Candidate,
    allowed_precisions,
    cache_file,
    cached_choice,
    forget_choices,
    precision_refusal,
    store_choice,
)
from mtdense_ros.errors import ConfigError
from mtdense_ros.weights import Card

HERE = Machine("a processor", 2, "", {"torch": "2.0", "openvino": "2026.1", "onnxruntime": ""})
SIZE = (96, 128)
MEASURED = (
    Candidate("torch", "cpu", "fp32", 30.0),
    Candidate("openvino", "cpu", "fp32", 20.0),
    Candidate("openvino", "cpu", "bf16", 10.0),
    Candidate("torch", "cuda", "fp32", 3.0),
)


def card_of(sha="a" * 64, losses=None, outputs=("depth",), limits=None):
    """losses: of openvino bf16 on a rendered set."""
    entry = {"precision": "bf16", "engine": "openvino", "set": "renders:val", "frames": 9, "loss": losses}
    return Card.from_fields({
        "name": "net", "arch": "hydranet", "config": {}, "sha256": sha, "bytes": 1, "parameters": 1,
        "input": {"height": 96, "width": 128, "resize": "area", "multiple": 32, "mean": [0, 0, 0], "std": [1, 1, 1]},
        "outputs": outputs, "label_space": None, "depth": {"kind": "relative"} if "depth" in outputs else None, "foreground": None,
        "metrics": [], "data": [], "licence": "CC0-1.0", "attribution": "", "commit": "", "command": "",
        **({} if losses is None else {"precision": {"limits": limits or {}, "measured": [entry]}}),
    })  # fmt: skip


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """A cache of the test's own; here(machine) makes it another machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def become(machine):
        monkeypatch.setattr(measured_choice, "this_machine", lambda: machine)

    become(HERE)
    return become


def test_the_fastest_that_the_request_and_the_card_leave():
    assert cached_choice(card_of(), SIZE) is None, "nothing was measured yet"
    assert store_choice(card_of(), SIZE, MEASURED) == cache_file()
    plain, allowing, forbidding = card_of(), card_of(losses={"abs_rel": 0.001}), card_of(losses={"abs_rel": 0.006})
    assert cached_choice(plain, SIZE).text == "torch fp32 on cuda"
    assert cached_choice(plain, SIZE, device="cuda:0").text == "torch fp32 on cuda"
    assert cached_choice(plain, SIZE, device="cpu").text == "openvino fp32 on cpu"
    assert cached_choice(allowing, SIZE, device="cpu").text == "openvino bf16 on cpu"
    assert cached_choice(forbidding, SIZE, device="cpu").text == "openvino fp32 on cpu"
    assert cached_choice(allowing, SIZE, "cpu", precision="fp32").text == "openvino fp32 on cpu"
    assert cached_choice(plain, SIZE, precision="bf16").text == "openvino bf16 on cpu", "asked for by name"
    assert cached_choice(plain, SIZE, precision="fp16") is None
    assert cached_choice(plain, SIZE, device="cpu", engine="torch").text == "torch fp32 on cpu"
    assert cached_choice(plain, SIZE, engine="onnxruntime") is None


@pytest.mark.parametrize(
    "other",
    [
        Machine("another", 2, "", HERE.versions),
        Machine(HERE.cpu, 4, "", HERE.versions),
        Machine(HERE.cpu, 2, "a GPU", HERE.versions),
        Machine(HERE.cpu, 2, "", {**HERE.versions, "openvino": "2026.2"}),
        Machine(HERE.cpu, 2, "", {**HERE.versions, "onnxruntime": "1.31"}),
    ],
    ids=["processor", "cores", "gpu", "version", "newly installed"],
)
def test_another_machine_has_no_choice(other, here):
    store_choice(card_of(), SIZE, MEASURED)
    here(other)
    assert cached_choice(card_of(), SIZE) is None


def test_entries_are_of_weights_and_size_and_replaced_one_by_one():
    store_choice(card_of(), SIZE, MEASURED)
    assert cached_choice(card_of(sha="b" * 64), SIZE) is None and cached_choice(card_of(), (128, 96)) is None
    store_choice(card_of(sha="b" * 64), SIZE, MEASURED[:1])
    store_choice(card_of(), SIZE, MEASURED[1:2])
    assert cached_choice(card_of(), SIZE) == MEASURED[1]
    assert cached_choice(card_of(sha="b" * 64), SIZE) == MEASURED[0]
    assert len(json.loads(cache_file().read_text())["entries"]) == 2
    assert forget_choices("b" * 64) == 1 and cached_choice(card_of(), SIZE) == MEASURED[1]
    assert forget_choices() == 1 and cached_choice(card_of(), SIZE) is None
    assert forget_choices() == 0


def test_two_that_write_at_once_keep_both_entries(monkeypatch):
    write, second = measured_choice.write_atomically, Thread(target=store_choice, args=(card_of(sha="b" * 64), SIZE, MEASURED))

    def after_the_second(path, content):
        monkeypatch.setattr(measured_choice, "write_atomically", write)
        second.start()
        second.join(0.5)  # as long as it takes where nothing holds it
        write(path, content)

    monkeypatch.setattr(measured_choice, "write_atomically", after_the_second)
    store_choice(card_of(), SIZE, MEASURED)
    second.join(10.0)
    assert cached_choice(card_of(), SIZE) is not None and cached_choice(card_of(sha="b" * 64), SIZE) is not None


def test_a_file_system_without_locks_is_written_all_the_same(monkeypatch):
    def refuses(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(measured_choice.fcntl, "flock", refuses)
    store_choice(card_of(), SIZE, MEASURED)
    assert cached_choice(card_of(), SIZE) is not None


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"{", b"[]", b'{"format": 99, "entries": []}', b'{"format": 1, "entries": 3}'],
    ids=["no text", "no json", "another json", "another version", "another layout"],
)
def test_a_file_that_is_not_ours_is_told_and_replaced(content, caplog):
    cache_file().parent.mkdir(parents=True)
    cache_file().write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert cached_choice(card_of(), SIZE) is None
    assert "engines.json" in caplog.text and "mtdense bench --choose" in caplog.text
    store_choice(card_of(), SIZE, MEASURED)
    assert cached_choice(card_of(), SIZE, device="cpu") == MEASURED[1]


@pytest.mark.parametrize(
    "damage",
    [
        {"candidates": None},
        {"candidates": [{"engine": "torch"}]},
        {"candidates": [{"median_ms": "x"}]},
        {"candidates": [{"engine": "other", "device": "cpu", "precision": "fp32", "median_ms": 1.0}]},
    ],
)
def test_a_damaged_entry_is_told_and_ignored(damage, caplog):
    store_choice(card_of(), SIZE, MEASURED)
    content = json.loads(cache_file().read_text())
    content["entries"][0].update(damage)
    cache_file().write_text(json.dumps({**content, "entries": [3, {"foreign": 1}, *content["entries"]]}))
    with caplog.at_level(logging.WARNING):
        assert cached_choice(card_of(), SIZE) is None
    assert "entry for 'net' is damaged" in caplog.text


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert cached_choice(card_of(), SIZE) is None
    with pytest.raises(ConfigError, match="engines.json: cannot be written .* set XDG_CACHE_HOME"):
        store_choice(card_of(), SIZE, MEASURED)


def test_the_place_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "relative/path"):  # the XDG specification has relative paths ignored
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache_file() == tmp_path / ".cache" / "mtdense_ros" / "engines.json"


def test_what_a_card_allows():
    assert allowed_precisions(card_of(), "openvino") == ("fp32",)
    assert allowed_precisions(card_of(losses={"abs_rel": 0.005}), "openvino") == ("fp32", "bf16")
    assert allowed_precisions(card_of(losses={"abs_rel": -0.1}), "openvino") == ("fp32", "bf16"), "better than fp32"
    assert allowed_precisions(card_of(losses={"abs_rel": 0.001}), "torch") == ("fp32",), "measured in another engine"
    assert allowed_precisions(card_of(losses={"abs_rel": 0.001}, outputs=("labels", "depth")), "openvino") == ("fp32",)
    assert allowed_precisions(card_of(losses={"abs_rel": 0.01}, limits={"abs_rel": 0.02}), "openvino") == ("fp32", "bf16")


def test_the_reason_of_a_refusal():
    assert precision_refusal(card_of(), "openvino", "fp32") == ""
    assert "bf16 is not on the card (mtdense precision" in precision_refusal(card_of(), "openvino", "bf16")
    assert "fp16 in openvino is not measured" in precision_refusal(card_of(losses={"abs_rel": 0.0}), "openvino", "fp16")
    assert "loses 0.0060 of abs_rel, the card allows 0.0050" in precision_refusal(card_of(losses={"abs_rel": 0.006}), "openvino", "bf16")
