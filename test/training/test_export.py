"""Weights of a run: what the card says of input, outputs, data and command, for every network."""

import json
import shlex

import pytest
import torch
from training_data import write_set

from mtdense_ros.data.sample import Sample
from mtdense_ros.errors import ConfigError
from mtdense_ros.training import export, mixture
from mtdense_ros.training.provenance import recorded_command
from mtdense_ros.training.train import main
from mtdense_ros.utils.files import find_resource
from mtdense_ros.weights import load_weights

pytestmark = pytest.mark.slow

SMALL = ["steps=1", "height=64", "width=64", "batch=2", "threads=1", "validation=1"]


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """trained(*settings) -> the folder of a run of one step."""
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path / "sets" / "a")
    (tmp_path / "tiny.yaml").write_text("arch: mtdense\n")

    def run(*settings):
        main(["tiny.yaml", "--data", "sets/a", "--out", "runs/1", *SMALL, *settings])
        return tmp_path / "runs" / "1"

    return run


@pytest.mark.parametrize(
    ("settings", "depth", "space", "mean"),
    [
        ([], {"kind": "metric", "min_m": 0.1, "max_m": 20.0, "focal_px": 230.0}, "indoor", 0.485),
        (["arch=ffm", "loss.recipe=ffm", "focal_px=99", "depth_range_m=[1,80]"], {"min_m": 1, "max_m": 80, "focal_px": 99}, None, 0.485),
        (["arch=lraspp", "loss.recipe=lraspp"], None, "indoor", 0.485),
        (["arch=mdeas", "loss.recipe=mdeas", "depth_kind=relative"], {"kind": "relative"}, None, 0.0),
    ],
    ids=["mtdense", "ffm", "lraspp", "mdeas"],
)
def test_the_card_says_what_the_network_expects_and_means(trained, tmp_path, settings, depth, space, mean):
    run = trained(*settings)
    export.main([str(run), "--weights", str(tmp_path / "weights")])
    net, card = load_weights(tmp_path / "weights.safetensors")
    written = json.loads((tmp_path / "weights.json").read_text())
    assert (card.label_space, card.input.mean[0], card.input.height) == (space, mean, 64)
    assert card.depth is None if depth is None else {k: written["depth"][k] for k in depth} == depth
    assert (card.foreground is not None) == ("foreground" in net.outputs)
    average = torch.load(run / "latest.pt", weights_only=True)["average"]
    assert all(torch.equal(value, average[name]) for name, value in net.state_dict().items())
    words = shlex.join([*SMALL, *settings])
    assert card.command == f"python -m mtdense_ros.training.train config/train/tiny.yaml {words} --data a --out 1"
    renders, training = card.data
    assert (renders["name"], renders["samples"], renders["generator"]) == ("renders:a", 6, {"name": "test"})
    assert training["samples_seen"] == 2 and training["schedule_done"] == 1.0
    statistics = training["statistics"]
    assert statistics["majority_class"] in (0, 1) and statistics["median_depth_m"] > 0 and statistics["mean_normal"][2] <= 0
    assert (statistics["label_bands"][0], statistics["label_bands"][-1], len(statistics["label_bands"])) == (1, 0, 12)  # wall, floor


def test_data_with_a_licence_of_its_own_asks_for_that_of_the_weights(trained, monkeypatch, tmp_path, caplog):
    class Foreign:
        name, licence, targets, label_space, depth_kind = "own", "academic", ("labels",), "indoor", None

        def __len__(self):
            return 2

        def __getitem__(self, index):
            image = torch.zeros(64, 64, 3, dtype=torch.uint8).numpy()
            return Sample(image, image[..., 0])

    run = trained("targets=[labels]")
    monkeypatch.setattr(mixture, "open_source", lambda text: Foreign())
    with pytest.raises(ConfigError, match="own: academic"):
        export.main([str(run), "--weights", str(tmp_path / "weights")])
    export.main([str(run), "--weights", str(tmp_path / "weights"), "--licence", "academic use only"])
    assert "depth, normals, foreground were no targets of this training" in caplog.text
    _, card = load_weights(tmp_path / "weights.safetensors")
    assert card.data[1]["targets"] == ["labels"]
    assert (card.licence, card.attribution, card.data[0]["name"]) == ("academic use only", "", "own")


def test_the_card_names_label_spaces_and_no_files(trained, tmp_path):
    indoor = find_resource("config/labels", "indoor", ".yaml", ConfigError)
    assert export.named_spaces(str(indoor)) == "indoor" and export.named_spaces("nyud40+kitti6") == "nyud40+kitti6"
    (tmp_path / "mine.yaml").write_text(indoor.read_text())
    run = trained(f"label_space={tmp_path / 'mine.yaml'}", "targets=[depth]")
    with pytest.raises(ConfigError, match="copy its file to config/labels/mine.yaml of the package"):
        export.main([str(run), "--weights", str(tmp_path / "weights")])
    (tmp_path / "indoor.yaml").write_text(indoor.read_text().replace("name: floor", "name: ground"))
    with pytest.raises(ConfigError, match="has no name elsewhere"):
        export.named_spaces(str(tmp_path / "indoor.yaml"))


def test_weights_that_it_started_from_pass_on_licence_and_attribution(trained, make_random_weights, tmp_path):
    start = make_random_weights("mtdense", licence="academic", attribution="Drawn by lot.")
    run = trained(f"start={start}", "model={width: 16, head_width: 8, change_widths: [8, 8, 8, 8]}")
    with pytest.raises(ConfigError, match="weights that the training started from: academic"):
        export.main([str(run), "--weights", str(tmp_path / "weights")])
    export.main([str(run), "--weights", str(tmp_path / "weights"), "--licence", "academic"])
    _, card = load_weights(tmp_path / "weights.safetensors")
    assert (card.licence, card.attribution) == ("academic", f"{export.ATTRIBUTION} Drawn by lot.")


def test_the_command_names_no_folders_of_the_machine(tmp_path):
    (tmp_path / "command").write_text("train config/train/a.yaml start=/home/me/b 'sources=[renders:/data/sets/c]' ../d '~/e/f'\n")
    assert recorded_command(tmp_path) == "train config/train/a.yaml start=b 'sources=[renders:c]' ../d '~/e/f'"
