"""`mtdense weights`, as a user calls it."""

import hashlib
import json
import shutil
from collections import OrderedDict

import pytest
import torch
from test_reader import Python2

from mtdense_ros.cli import main
from mtdense_ros.cli.import_weights import IMPORTABLE
from mtdense_ros.models import create_model, list_models
from mtdense_ros.utils import files
from mtdense_ros.weights import load_weights, read_card, save_weights
from mtdense_ros.weights.importers.names import original_names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights(make_random_weights):
    metrics = [{"set": "room", "output": "depth", "method": "network", "frames": 3, "rmse_m_all": 0.25}]
    return make_random_weights("mtdense", metrics=metrics)


@pytest.fixture
def store(weights, make_random_weights, tmp_path, monkeypatch):
    """A folder with two copied weights that a test may damage, the only one where their names are looked up."""
    folders = files.search_folders
    for path in (weights, make_random_weights("mdeas")):
        for suffix in (".safetensors", ".json"):
            shutil.copy(path.with_suffix(suffix), tmp_path)
    monkeypatch.setattr(files, "search_folders", lambda kind: [tmp_path] if kind == "weights" else folders(kind))
    return tmp_path


def importing(tmp_path, arch, *options, name="ours", **config):
    """The exit code of importing a network's state under the original's names, that network, and where the weights would be."""
    torch.manual_seed(0)
    net = create_model(arch, **config)
    names = original_names(arch, net.state_dict())
    torch.save({"state_dict": {names[key]: value for key, value in net.state_dict().items()}}, tmp_path / "theirs.pth")
    command = ["weights", "import", str(tmp_path / "theirs.pth"), "--arch", arch, "--name", name, "--out", str(tmp_path / "store")]
    return main([*command, *options]), net, tmp_path / "store" / name


def test_list(store, capsys):
    assert main(["weights", "list"]) == 0
    title, mdeas, mtdense = capsys.readouterr().out.splitlines()
    assert title.split() == ["name", "architecture", "input", "parameters", "MB", "outputs", "label", "space", "depth", "licence"]
    assert mdeas.split() == ["random_mdeas", "mdeas", "128x96", "area", f"{read_card(store / 'random_mdeas').parameters:,}",
                             f"{read_card(store / 'random_mdeas').bytes / 1e6:.1f}", "depth,", "foreground", "-", "relative", "CC0-1.0"]
    assert mtdense.split()[-3:] == ["indoor", "metric", "CC0-1.0"]
    assert title.index("licence") == mdeas.index("CC0-1.0") == mtdense.index("CC0-1.0")


def test_list_goes_on_after_a_bad_card(store, capsys):
    (store / "random_mdeas.json").write_text("{")
    assert main(["weights", "list"]) == 2
    told = capsys.readouterr()
    assert "random_mtdense" in told.out and "random_mdeas" not in told.out
    assert f"mtdense: card {store / 'random_mdeas.json'}" in told.err


@pytest.mark.parametrize("action", ["list", "verify"])
def test_no_weights_at_all(action, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(files, "search_folders", lambda kind: [tmp_path])
    assert main(["weights", action]) == 0
    assert capsys.readouterr().out.startswith("no weights in ")


def test_info(weights, capsys):
    assert main(["weights", "info", str(weights)]) == 0
    name, *lines = capsys.readouterr().out.splitlines()
    facts = dict(line.strip().split("  ", 1) for line in lines if line.startswith("  "))
    facts = {key: value.strip() for key, value in facts.items()}
    assert name == "random_mtdense"
    assert facts["file"] == f"{weights}, {weights.stat().st_size / 1e6:.1f} MB, sha256 {read_card(weights).sha256}"
    assert facts["label space"] == "indoor, 6 classes"
    assert facts["smaller"] == "bf16 and fp16 only when asked for: their loss was not measured"
    assert facts["depth"] == "metric, 0.01 to 50 m for a focal length of 100 px of the network's input"
    assert (facts["licence"], facts["data"], facts["command"], facts["commit"]) == ("CC0-1.0", "random numbers", "test", "-")
    titles, row = (line.split() for line in lines[-2:])
    assert " ".join(titles) == "set frames method abs rel delta 1 RMSE m abs rel, scaled delta 1, scaled edges found edges right SSIM valid"
    assert row == ["room", "3", "network", "-", "-", "0.250", *["-"] * 6]


def test_info_tells_the_formats_that_auto_may_use(make_random_weights, capsys):
    def told(losses):
        figures = {"mean_iou": 0, "foreground_iou": 0}
        measured = [{"precision": "bf16", "engine": e, "set": "renders:x", "loss": {**figures, "abs_rel": loss}} for e, loss in losses]
        main(["weights", "info", str(make_random_weights("mtdense", precision={"limits": {}, "measured": measured}))])
        return next(line for line in capsys.readouterr().out.splitlines() if "smaller" in line)

    assert told([("torch", 0.1)]).endswith("bf16 and fp16 only when asked for: their loss is beyond the limit")
    assert told([("torch", 0.1), ("openvino", 0.001)]).endswith("auto may use bf16 in openvino")


def test_info_as_json(weights, capsys):
    assert main(["weights", "info", str(weights), "--json"]) == 0
    assert capsys.readouterr().out == weights.with_suffix(".json").read_text()


def test_verify(store, capsys):
    assert main(["weights", "verify", "random_mtdense"]) == 0
    told = capsys.readouterr().out
    digest = hashlib.sha256((store / "random_mtdense.safetensors").read_bytes()).hexdigest()
    assert told.startswith(f"random_mtdense: whole; sha256 {digest}, ")
    assert told.endswith("for 128x96 it gives labels 6x24x32, depth 1x24x32, normals 3x24x32, foreground 1x48x64\n")


def test_verify_goes_on_after_a_failure(store, capsys):
    content = bytearray((store / "random_mdeas.safetensors").read_bytes())
    content[-1] ^= 1
    (store / "random_mdeas.safetensors").write_bytes(content)
    assert main(["weights", "verify"]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("random_mtdense: whole; ") and told.out.count("\n") == 1
    assert f"random_mdeas: weights {store / 'random_mdeas.safetensors'}: sha256 is " in told.err
    assert told.err.splitlines()[-1].startswith("mtdense: weights random_mdeas: not whole")


def test_verify_counts_classes(store, capsys):
    card = store / "random_mtdense.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "label_space": "nyud40"}))
    assert main(["weights", "verify", "random_mtdense"]) == 2
    assert "label_space 'nyud40': has 40 classes, the network 6 classes" in capsys.readouterr().err


def test_verify_names_the_weights_whose_label_space_is_missing(store, capsys):
    card = store / "random_mtdense.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "label_space": "mars"}))
    assert main(["weights", "verify", "random_mtdense"]) == 2
    where = f"mtdense: card of {store / 'random_mtdense.safetensors'}: label_space 'mars': "
    assert capsys.readouterr().err.startswith(f"{where}config/labels: no 'mars.yaml'")


def test_verify_runs_the_network(make_random_weights, make_net, capsys, tmp_path):
    fields = json.loads(make_random_weights("mtdense").with_suffix(".json").read_text())
    computed = ("format", "name", "config", "sha256", "bytes", "parameters", "outputs")
    net = make_net("mtdense")
    net.get_parameter("heads.normals.4.weight").data.fill_(3e38)  # finite itself; what is not is refused before the network runs
    save_weights(tmp_path / "bad", net, {key: value for key, value in fields.items() if key not in computed})
    assert main(["weights", "verify", str(tmp_path / "bad")]) == 2
    assert f"weights {tmp_path / 'bad.safetensors'}: output 'normals' is not finite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arch", "config", "options", "outputs", "facts"),
    [
        ("hydranet", {"tasks": ("labels", "depth", "normals")}, ["--label-space", "nyud40"], "labels depth normals", (10, 518.9)),
        ("hydranet", {"num_classes": 6}, ["--label-space", "kitti6", "--focal", "700"], "labels depth", (80, 700)),
        ("hydranet", {"num_classes": 46}, ["--label-space", "nyud40+kitti6"], "labels depth", (80, 518.9)),
        ("lraspp", {"backbone": "small"}, [], "labels", None),
        ("mdeas", {}, [], "depth foreground", "relative"),
        ("ffm", {}, [], "depth", "relative"),
        ("ffm", {}, ["--depth-kind", "inverse"], "depth", "inverse"),
        ("ffm", {"tasks": ("labels",)}, ["--label-space", "camvid32"], "labels", None),
        ("mtdense", {}, ["--label-space", "indoor", "--focal", "230", "--max-depth", "20"], "labels depth normals foreground", (20, 230)),
    ],
)
def test_import(arch, config, options, outputs, facts, tmp_path, capsys):
    code, net, path = importing(tmp_path, arch, *options, **config)
    assert code == 0
    assert "ran once, all outputs finite; licence: " in capsys.readouterr().out
    loaded, card = load_weights(path)
    assert " ".join(card.outputs) == outputs
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in loaded.state_dict().items())
    assert card.label_space == (options[1] if "--label-space" in options else "voc21" if arch == "lraspp" else None)
    depth = card.depth and (card.depth.kind if card.depth.kind != "metric" else (card.depth.max_m, card.depth.focal_px))
    assert depth == facts
    assert hashlib.sha256((tmp_path / "theirs.pth").read_bytes()).hexdigest() in card.data[1]
    assert card.command.startswith(f"mtdense weights import theirs.pth --arch {arch} --name ours")


def test_import_of_what_torch_04_wrote_under_python_2(tmp_path, make_net):
    """As the HydraNet authors' files: on a GPU, wrapped, in parallel, and without BatchNorm's counters."""
    net = make_net("hydranet", num_classes=46)
    names = original_names("hydranet", net.state_dict())
    state = [(f"module.{names[key]}", value.numpy()) for key, value in net.state_dict().items() if not key.endswith("num_batches_tracked")]
    (tmp_path / "joint.ckpt").write_bytes(Python2().file({"state_dict": OrderedDict(state), "epoch": 1}))
    options = ["--arch", "hydranet", "--label-space", "nyud40+kitti6", "--name", "joint", "--out", str(tmp_path)]
    assert main(["weights", "import", str(tmp_path / "joint.ckpt"), *options]) == 0
    loaded, card = load_weights(tmp_path / "joint")
    assert card.parameters == 3_083_887
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in loaded.state_dict().items())


def test_licences_of_the_sources(tmp_path):
    _, _, path = importing(tmp_path, "lraspp", backbone="small")
    card = read_card(path)
    assert card.licence.startswith("BSD-3-Clause") and "COCO" in card.data[0]
    assert (card.input.resize, card.input.height) == ("shorter", 520)
    _, _, path = importing(tmp_path, "hydranet", "--force")
    assert "academic use" in read_card(path).licence
    _, _, path = importing(tmp_path, "hydranet", "--force", "--licence", "agreed with the authors")
    assert read_card(path).licence == "agreed with the authors"


@pytest.mark.parametrize(
    ("arch", "options", "message"),
    [
        ("hydranet", ["--label-space", "kitti6"], "--label-space kitti6: has 6 classes, the network 40 classes"),
        ("hydranet", ["--label-space", "nyud40+kitti6"], "--label-space nyud40+kitti6: has 46 classes, the network 40 classes"),
        ("mdeas", ["--label-space", "indoor"], "the network has no labels; leave the label space out"),
        ("ffm", ["--depth-kind", "metric"], "metric depth: a checkpoint of ffm holds neither focal length nor range; give both"),
        ("ffm", ["--focal", "100"], "give both --focal and --max-depth"),
        ("ffm", ["--depth-kind", "relative", "--focal", "100"], "relative: has neither unit nor range"),
        ("ffm", ["--depth-kind", "inverse", "--max-depth", "9"], "inverse: has neither unit nor range"),
        ("hydranet", ["--focal", "0"], "depth.focal_px: 0.0 must be finite and above 0"),
        ("lraspp", ["--depth-kind", "metric"], "the checkpoint has no depth"),
    ],
)
def test_facts_that_do_not_fit(arch, options, message, tmp_path, capsys):
    code, _, path = importing(tmp_path, arch, *options)
    assert code == 2
    assert message in capsys.readouterr().err
    assert not path.parent.exists()


def test_import_replaces_only_when_told(tmp_path, capsys):
    assert importing(tmp_path, "ffm")[0] == 0
    assert importing(tmp_path, "ffm", widths=(8, 8, 8, 8, 8))[0] == 2
    assert "ours.safetensors: exists already; choose another --name, or replace it with --force" in capsys.readouterr().err
    code, net, path = importing(tmp_path, "ffm", "--force", widths=(8, 8, 8, 8, 8))
    assert (code, load_weights(path)[0].config) == (0, net.config)


def test_import_into_what_is_no_folder_is_told_in_a_line(tmp_path, capsys):
    (tmp_path / "store").write_text("a file")
    assert importing(tmp_path, "lraspp", backbone="small")[0] == 2
    assert f"{tmp_path / 'store' / 'ours.safetensors'}: cannot be written (File exists); choose another folder" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "x.safetensors"])
def test_names_are_no_paths(name, tmp_path, capsys):
    code, _, _ = importing(tmp_path, "ffm", name=name)
    assert code == 2
    assert f"--name '{name}': is not a plain name" in capsys.readouterr().err


def test_weights_that_compute_no_numbers_are_not_imported(tmp_path, capsys):
    net = create_model("ffm")
    net.get_parameter("heads.depth.bias").data.fill_(float("nan"))
    torch.save(net.state_dict(), tmp_path / "theirs.pth")
    command = ["weights", "import", str(tmp_path / "theirs.pth"), "--arch", "ffm", "--name", "ours", "--out", str(tmp_path / "store")]
    assert main(command) == 2
    assert "theirs.pth: output 'depth' is not finite" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_every_architecture_can_be_imported():
    assert sorted(IMPORTABLE) == list_models()
