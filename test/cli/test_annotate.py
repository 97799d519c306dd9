"""`mtdense annotate`, as a user calls it, with random weights."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import yaml
from training_data import SIZE, make_pair

from mtdense_ros.cli import main
from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.data.datasets.shards import ShardWriter, add_shard, create_manifest
from mtdense_ros.data.pseudo_labels.plan import plan_annotation, portable_space
from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.label_spaces import label_mapping
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.weights import read_card

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def teacher(make_random_weights):
    return make_random_weights("mtdense")


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


@pytest.fixture
def root(tmp_path, picture):
    """Two pictures of 48x64, the first with labels, and intrinsics."""
    root = tmp_path / "mine"
    for seed, name in enumerate("ab"):
        write(root / f"rgb/{name}.png", picture(seed, 48, 64)[..., ::-1])
    write(root / "labels/a.png", np.full((48, 64), 3, np.uint8))
    return describe(root)


def describe(root, **changes):
    camera = {"width": 64, "height": 48, "fx": 50.0, "fy": 50.0, "cx": 31.5, "cy": 23.5}
    content = {"image": "rgb/*.png", "labels": "labels/*.png", "label_space": "indoor", "licence": "CC-BY-4.0", "intrinsics": camera}
    content = {key: value for key, value in {**content, **changes}.items() if value is not None}
    (root / "dataset.yaml").write_text(yaml.safe_dump(content))
    return root


def call(root, out, teacher, targets, *options):
    arguments = ["--teacher", str(teacher), "--targets", targets, "--out", str(out), "--device", "cpu", *options]
    return main(["annotate", f"folder:{root}", *arguments])


def test_annotate(root, teacher, tmp_path, capsys):
    out = tmp_path / "out"
    assert call(root, out, teacher, "depth,labels,normals", "--limit", "1") == 0
    assert call(root, out, teacher, "labels,depth,normals") == 0
    told = capsys.readouterr().out
    assert "annotate: 1 pictures annotated" in told and "1 were finished before" in told
    assert "annotate: labels: 1 by the teacher, 1 truths\n" in told and "focal length" not in told
    result, source = FolderSource(out), FolderSource(root)
    first, second = result[0], result[1]
    assert result.licence == "CC-BY-4.0" and (first.labels == 3).all()
    said = Predictor.load(teacher, "cpu").predict(source[1].image, source[1].intrinsics)
    np.testing.assert_array_equal(second.labels, said.labels)
    np.testing.assert_allclose(second.depth, np.where(np.isfinite(said.depth), said.depth, np.nan), atol=0.0006)
    np.testing.assert_allclose(second.normals, said.normals, atol=0.008)
    card, told = read_card(teacher), yaml.safe_load((out / "dataset.yaml").read_text())["provenance"]
    assert told["teachers"]["depth"] == {"name": card.name, "sha256": card.sha256, "licence": card.licence}
    assert told["pictures"]["labels"] == {"teacher": 1, "truth": 1} and told["command"].startswith("mtdense annotate folder:")


def test_what_a_teacher_says_of_renders_of_many_cameras(teacher, tmp_path):
    create_manifest(tmp_path / "set", SIZE, {"name": "test"})
    with ShardWriter(tmp_path / "set", "a", 2, SIZE) as shard:
        shard.put(0, make_pair(0))
        shard.put(1, replace(make_pair(1), focal=90.0))
    add_shard(tmp_path / "set", "a", 2, 0)
    words = ["--teacher", str(teacher), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main(["annotate", f"renders:{tmp_path / 'set'}", "--targets", "labels", "--only-taught", *words]) == 0
    result, source = FolderSource(tmp_path / "out"), RenderedSource(tmp_path / "set")
    assert result.targets == ("labels",) and [sample.intrinsics for sample in (result[0], result[1])] == [None, None]
    for index in range(2):
        np.testing.assert_array_equal(result[index].image, source[index].image)
        said = Predictor.load(teacher, "cpu").predict(source[index].image, source[index].intrinsics)
        np.testing.assert_array_equal(result[index].labels, said.labels)


def test_pictures_alone_take_the_meaning_of_the_teacher(root, teacher, tmp_path, capsys):
    (root / "labels/a.png").unlink()
    describe(root, labels=None, label_space=None, intrinsics=None)
    assert call(root, tmp_path / "out", teacher, "labels,depth", "--min-confidence", "1") == 0
    assert "depth assumes the focal length of the weights" in capsys.readouterr().out
    result = FolderSource(tmp_path / "out")
    assert (result.label_space, result.depth_kind, result.targets) == ("indoor", "metric", ("labels", "depth"))
    assert (result[0].labels == 255).all()


def test_labels_are_told_in_the_space_of_the_data_set(root, make_random_weights):
    joint = make_random_weights("hydranet", {"num_classes": 46}, name="joint", label_space="kitti6+nyud40")
    cards = {"labels": read_card(joint)}
    plan = plan_annotation(FolderSource(describe(root, label_space="nyud13")), ("labels",), cards)
    assert (plan.label_space, plan.teacher_space) == ("nyud13", "nyud40")
    np.testing.assert_array_equal(plan.table, label_mapping("nyud40", "nyud13"))
    plan = plan_annotation(FolderSource(describe(root, label_space="nyud40")), ("labels",), cards)
    assert (plan.teacher_space, plan.table) == ("nyud40", None)


def test_a_label_space_by_path_holds_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert portable_space("mine/spaces.yaml") == str(tmp_path / "mine/spaces.yaml") and portable_space("indoor") == "indoor"


@pytest.mark.parametrize(
    ("changes", "targets", "message"),
    [
        ({"label_space": "camvid11"}, "labels", "its labels cannot be mapped to 'camvid11', those of the data set"),
        ({"depth": "rgb/*.png", "depth_kind": "relative"}, "depth", "gives metric depth, data set 'mine' has relative depth"),
    ],
)
def test_a_teacher_that_does_not_fit_the_data_set(changes, targets, message, root, teacher, tmp_path, capsys):
    describe(root, **changes)
    assert call(root, tmp_path / "out", teacher, targets) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arch", "fields", "targets", "message"),
    [
        ("hydranet", {}, "normals", "targets: 'normals' is none of what the teacher makes (labels, confidence, depth)"),
        ("hydranet", {"label_space": None}, "labels", "its card names no label space"),
        ("mdeas", {}, "depth", "makes depth of a frame and its background only"),
    ],
)
def test_a_teacher_that_cannot_teach(arch, fields, targets, message, root, make_random_weights, tmp_path, capsys):
    assert call(root, tmp_path / "out", make_random_weights(arch, **fields), targets) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_an_unknown_space_on_the_card_is_told(root, make_random_weights):
    cards = {"labels": read_card(make_random_weights("hydranet", label_space="nowhere"))}
    with pytest.raises(ConfigError, match="no 'nowhere.yaml'"):
        plan_annotation(FolderSource(root), ("labels",), cards)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--targets", "labels,dept"], "'dept' is none that a teacher fills in; did you mean 'depth'?"),
        (["--targets", "labels", "--limit", "0"], "0 is not above 0"),
        (["--targets", "labels", "--limit", "few"], "invalid int value: 'few'"),
        (["--targets", "labels", "--replace", "--fill-pixels"], "not allowed with argument"),
    ],
)
def test_wrong_options(options, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["annotate", "folder:x", "--teacher", "x", "--out", "x", *options])
    assert caught.value.code == 2 and message in capsys.readouterr().err
