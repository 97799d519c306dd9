"""Cards and weights files: what is written is read back, and everything that is wrong is told by its own name."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from mtdense_ros.errors import WeightsError
from mtdense_ros.weights import Card, list_weights, load_weights, read_card, save_weights


@pytest.fixture(scope="module")
def saved(make_random_weights):
    return make_random_weights("mtdense")


@pytest.fixture
def copied(saved, tmp_path):
    """A copy that a test may damage: (weights, card)."""
    target = tmp_path / saved.name
    shutil.copy(saved, target)
    shutil.copy(saved.with_suffix(".json"), target.with_suffix(".json"))
    return target


def change_card(path, **changes):
    card = path.with_suffix(".json")
    card.write_text(json.dumps({**json.loads(card.read_text()), **changes}))


def rewrite(path, state):
    """Other entries, with a card that vouches for them."""
    import hashlib

    save_file(state, path)
    content = path.read_bytes()
    change_card(path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


@pytest.mark.slow
def test_round_trip(saved, make_net):
    net, card = load_weights(saved)
    original = make_net("mtdense")
    assert all(torch.equal(value, original.state_dict()[name]) for name, value in net.state_dict().items())
    assert not net.training
    assert (card.name, card.arch, card.outputs) == ("random_mtdense", "mtdense", ("labels", "depth", "normals", "foreground"))
    assert card.parameters == sum(p.numel() for p in original.parameters())
    assert card.bytes == saved.stat().st_size


def test_only_the_two_files_are_left_behind(saved):
    assert sorted(p.name for p in saved.parent.iterdir()) == ["random_mtdense.json", "random_mtdense.safetensors"]


def test_card_survives_json(saved):
    card = read_card(saved)
    assert Card.from_json(card.to_json(), "here") == card


def test_missing_file_names_the_nearest_known(saved, monkeypatch):
    monkeypatch.setenv("MTDENSE_WEIGHTS_PATH", str(saved.parent))
    assert list_weights()["random_mtdense"] == saved
    assert load_weights("random_mtdense")[1].name == "random_mtdense"
    with pytest.raises(WeightsError, match=rf"no 'random_mtdens.safetensors' in {saved.parent}.*did you mean 'random_mtdense'\?"):
        load_weights("random_mtdens")


def test_missing_path():
    with pytest.raises(WeightsError, match=r"/nowhere/net.safetensors does not exist; correct the path"):
        load_weights("/nowhere/net")


def test_missing_card(copied):
    copied.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match=r"card .*random_mtdense.json: cannot be read .*put the JSON card"):
        load_weights(copied)


@pytest.mark.slow
def test_truncated(copied):
    content = copied.read_bytes()
    copied.write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match=rf"has {len(content) // 2} bytes, its card says {len(content)}; truncated.*copy it again"):
        load_weights(copied)


def test_changed_byte(copied):
    content = bytearray(copied.read_bytes())
    content[-1] ^= 1
    copied.write_bytes(content)
    with pytest.raises(WeightsError, match=r"sha256 is [0-9a-f]{64}, its card says [0-9a-f]{64}; the file was changed"):
        load_weights(copied)


def test_no_safetensors(copied):
    import hashlib

    copied.write_bytes(b"not weights")
    change_card(copied, bytes=11, sha256=hashlib.sha256(b"not weights").hexdigest())
    with pytest.raises(WeightsError, match="no valid safetensors file"):
        load_weights(copied)


def test_another_architecture(copied):
    change_card(copied, arch="hydranet", config={"num_classes": 6, "tasks": ["labels", "depth", "normals"]})
    with pytest.raises(WeightsError, match="entry 'heads.labels.scale.weight' is missing; use the architecture"):
        load_weights(copied)


def test_missing_entry(copied):
    state = load_file(copied)
    del state["heads.depth.4.bias"]
    rewrite(copied, state)
    with pytest.raises(WeightsError, match="entry 'heads.depth.4.bias' is missing"):
        load_weights(copied)


def test_extra_entry(copied):
    rewrite(copied, {**load_file(copied), "heads.pose.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match="entry 'heads.pose.weight' is not part of the network"):
        load_weights(copied)


@pytest.mark.parametrize("value", [torch.zeros(2), torch.zeros(1, dtype=torch.float16)])
def test_misshapen_entry(copied, value):
    rewrite(copied, {**load_file(copied), "heads.depth.4.bias": value})
    with pytest.raises(WeightsError, match=r"entry 'heads.depth.4.bias' is torch.float.*the network has torch.float32 \[1\]"):
        load_weights(copied)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format: 2 is not 1; update mtdense_ros"),
        ({"licens": "MIT"}, "unknown key 'licens'; did you mean 'licence'?"),
        ({"arch": "hydra_net"}, "arch: 'hydra_net' is unknown; did you mean 'hydranet'?"),
        ({"bytes": "12"}, "'bytes' is '12'; expected a whole number"),
        ({"parameters": True}, "'parameters' is True; expected a whole number"),
        ({"config": {"widht": 3}}, "has no field 'widht'"),
        ({"config": {"change_widths": 5}}, "its config does not make a 'mtdense': change_widths: found 5; give a list of 4"),
        ({"config": {"name": "mine"}}, "has no field 'name'"),
        ({"sha256": "12"}, "sha256: must be 64 hexadecimal digits"),
        ({"depth": None}, "depth: must be given exactly when"),
        ({"depth": {"kind": "metric"}}, "metric depth needs finite min_m and max_m"),
        ({"depth": {"kind": "stereo"}}, "depth.kind: 'stereo' is unknown"),
        ({"foreground": {"threshold": 1.5}}, "foreground.threshold: 1.5 must be between 0 and 1"),
        ({"input": {"height": 96}}, "'input.width' is missing; add it"),
        ({"licence": ""}, "licence: is empty"),
        ({"outputs": ["labels", "depth", "normals", "pose"]}, "outputs: 'pose' is unknown"),
        ({"parameters": 5}, "says 5 parameters"),
    ],
)
def test_bad_card(copied, changes, message):
    change_card(copied, **changes)
    with pytest.raises(WeightsError) as caught:
        load_weights(copied)
    assert message in str(caught.value)
    assert str(copied.parent) in str(caught.value)


def test_card_that_is_no_json(copied):
    copied.with_suffix(".json").write_text("{")
    with pytest.raises(WeightsError, match="card .*random_mtdense.json: Expecting"):
        load_weights(copied)


def test_saving_needs_a_complete_card(tmp_path, make_net):
    with pytest.raises(WeightsError, match="'input' is missing; add it"):
        save_weights(tmp_path / "net", make_net("mtdense"), {"arch": "mtdense"})
    assert list(tmp_path.iterdir()) == []


def test_saving_under_another_architecture(make_random_weights):
    with pytest.raises(WeightsError, match="config does not make a 'mdeas'"):
        make_random_weights("hydranet", recorded_arch="mdeas")


@pytest.mark.slow
def test_saving_replaces(tmp_path, make_net, saved):
    fields = json.loads(saved.with_suffix(".json").read_text())
    given = {key: fields[key] for key in fields if key not in ("format", "name", "config", "sha256", "bytes", "parameters", "outputs")}
    first = save_weights(tmp_path / "net", make_net("mtdense"), given)
    second = save_weights(tmp_path / "net.safetensors", make_net("mtdense", head_width=4), given)
    assert first.sha256 != second.sha256
    assert load_weights(tmp_path / "net")[1] == second
