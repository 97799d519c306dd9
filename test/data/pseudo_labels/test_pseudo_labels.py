"""A teacher that is a function fills in a small data set: what it may change, what it must not, and how a stopped run goes on."""

import cv2
import numpy as np
import pytest
import yaml

from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.data.datasets.folder_writer import FolderWriter
from mtdense_ros.data.pseudo_labels.labels import AnnotationOptions, annotate_sample
from mtdense_ros.data.pseudo_labels.run import annotate, depth_factor, open_folder, origin_counts
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import Intrinsics, Prediction
from mtdense_ros.errors import ConfigError, InputError

NAN = np.float32(np.nan)
CAMERA = Intrinsics(4, 3, 10.0, 11.0, 1.5, 1.0)
BOTH = ("labels", "depth")


class Teacher:
    """Says label 2, confidence 0.1 to 0.4 from left to right, 2.5 m and straight normals everywhere; remembers what it was asked."""

    def __init__(self, *silent):
        self.asked, self.silent = [], silent

    def __call__(self, rgb, intrinsics, outputs):
        self.asked.append((int(rgb[0, 0, 0]), intrinsics, tuple(outputs)))
        size = rgb.shape[:2]
        depth = np.full(size, 2.5, np.float32)
        depth[0, :2] = np.inf, NAN
        everything = {
            "labels": np.full(size, 2, np.uint8),
            "confidence": np.tile(np.float32([0.1, 0.2, 0.3, 0.4]), (size[0], 1)),
            "depth": depth,
            "normals": np.tile(np.float32([0, 0, -1]), (*size, 1)),
        }
        return Prediction(**{key: value for key, value in everything.items() if key in outputs and key not in self.silent})


def image(value):
    return np.full((3, 4, 3), value, np.uint8)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


@pytest.fixture
def source(tmp_path):
    """Pictures a, b and c; a has labels, b has depth in steps of 1/5000 m, both with an unknown pixel; c has neither."""
    root = tmp_path / "mine"
    for i, name in enumerate("abc"):
        write(root / f"rgb/{name}.png", image(10 * i))
    labels, depth = np.ones((3, 4), np.uint8), np.full((3, 4), 7501, np.uint16)
    labels[2, 3], depth[2, 3] = 255, 0
    write(root / "labels/a.png", labels)
    write(root / "depth/b.png", depth)
    camera = {"width": 4, "height": 3, "fx": 10.0, "fy": 11.0, "cx": 1.5, "cy": 1.0}
    description = {"image": "rgb/*.png", "labels": "labels/*.png", "label_space": "indoor", "depth": "depth/*.png", "depth_factor": 5000,
                   "intrinsics": camera, "licence": "CC0-1.0"}  # fmt: skip
    (root / "dataset.yaml").write_text(yaml.safe_dump(description))
    return FolderSource(root)


def writer(root, factor=5000.0):
    return FolderWriter(root, "CC0-1.0", "indoor", "metric", factor, CAMERA)


def annotate_all(source, root, teacher, options, count=3):
    made = list(annotate(source, writer(root), teacher, options, count, exact=True))
    writer(root).describe({"pictures": origin_counts(root)})
    return made


def test_every_picture_gets_both_and_truths_stay_bit_by_bit(source, tmp_path):
    teacher, root = Teacher(), tmp_path / "out"
    assert annotate_all(source, root, teacher, AnnotationOptions(BOTH)) == [True, True, True]
    assert teacher.asked == [(0, CAMERA, ("depth",)), (10, CAMERA, ("labels",)), (20, CAMERA, BOTH)]
    result = FolderSource(root)
    assert (result.licence, result.label_space, result.depth_kind) == ("CC0-1.0", "indoor", "metric")
    samples = [result[i] for i in range(3)]
    assert [sample.targets for sample in samples] == [BOTH] * 3 and all(sample.intrinsics == CAMERA for sample in samples)
    np.testing.assert_array_equal(samples[0].labels, source[0].labels)
    np.testing.assert_array_equal(samples[1].depth, source[1].depth)
    assert samples[0].labels[2, 3] == 255 and np.isnan(samples[1].depth[2, 3])
    for i in (0, 2):
        assert np.isnan(samples[i].depth[0, :2]).all() and (samples[i].depth[1:] == 2.5).all()
    assert (samples[1].labels == 2).all() and (samples[2].labels == 2).all()
    for i in range(3):
        np.testing.assert_array_equal(samples[i].image, source[i].image)
    assert origin_counts(root) == {"depth": {"teacher": 2, "truth": 1}, "labels": {"teacher": 2, "truth": 1}}


def test_only_asked_for_targets_are_filled(source):
    sample, origins = annotate_sample(source[2], Teacher(), AnnotationOptions(("normals",)))
    assert sample.targets == ("normals",) and origins == {"normals": "teacher"}
    assert sample.normals.dtype == np.float32 and (sample.normals == np.float32([0, 0, -1])).all()


def test_a_complete_sample_costs_nothing(source):
    teacher = Teacher()
    sample, origins = annotate_sample(source[0], teacher, AnnotationOptions(("labels",)))
    assert sample.targets == ("labels",) and origins == {"labels": "truth"} and teacher.asked == []


def test_unknown_pixels_are_filled_on_demand_only_there(source):
    labels, origins = annotate_sample(source[0], Teacher(), AnnotationOptions(("labels",), "fill"))
    assert (labels.labels[2, 3], labels.labels[2, 2]) == (2, 1) and origins == {"labels": "mixed"}
    depth, _ = annotate_sample(source[1], Teacher(), AnnotationOptions(("depth",), "fill"))
    assert depth.depth[2, 3] == 2.5 and depth.depth.dtype == np.float32
    np.testing.assert_array_equal(depth.depth.ravel()[:-1], source[1].depth.ravel()[:-1])
    normals = np.tile(np.float32([1, 0, 0]), (3, 4, 1))
    normals[0, 0] = NAN
    filled, _ = annotate_sample(Sample(image(0), normals=normals), Teacher(), AnnotationOptions(("normals",), "fill"))
    assert filled.normals[0, 0].tolist() == [0, 0, -1] and filled.normals[0, 1].tolist() == [1, 0, 0]


def test_replacing(source):
    sample, origins = annotate_sample(source[0], Teacher(), AnnotationOptions(("labels",), "replace"))
    assert (sample.labels == 2).all() and origins == {"labels": "teacher"}


def test_only_what_the_teacher_says(source):
    teacher = Teacher()
    sample, origins = annotate_sample(source[0], teacher, AnnotationOptions(("depth",), "drop"))
    assert sample.targets == ("depth",) and sample.intrinsics is None and origins == {"depth": "teacher"}
    assert teacher.asked == [(0, CAMERA, ("depth",))] and sample.name == source[0].name  # whose camera the teacher knows
    np.testing.assert_array_equal(sample.image, source[0].image)


def test_doubtful_labels_become_unlabelled(source):
    teacher = Teacher()
    sample, _ = annotate_sample(source[2], teacher, AnnotationOptions(BOTH, min_confidence=0.25))
    assert sample.labels[1].tolist() == [255, 255, 2, 2] and (sample.depth[1:] == 2.5).all()
    assert teacher.asked[0][2] == (*BOTH, "confidence")


def test_labels_go_through_the_table(source):
    table = np.full(256, 255, np.uint8)
    table[2] = 5
    sample, _ = annotate_sample(source[2], Teacher(), AnnotationOptions(("labels",), min_confidence=0.35, table=table))
    assert sample.labels[0].tolist() == [255, 255, 255, 5] and sample.labels.dtype == np.uint8


def test_a_stopped_run_goes_on_and_makes_the_same(source, tmp_path):
    annotate_all(source, tmp_path / "whole", Teacher(), AnnotationOptions(BOTH))
    annotate_all(source, tmp_path / "out", Teacher(), AnnotationOptions(BOTH), count=1)
    (tmp_path / "out/rgb/000001.png").write_bytes(b"half of a sample, as after a crash")
    teacher = Teacher()
    assert annotate_all(source, tmp_path / "out", teacher, AnnotationOptions(BOTH)) == [False, True, True]
    assert [first for first, _, _ in teacher.asked] == [10, 20]
    files = {path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.*")}
    assert files == {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.*")} and len(files) == 3 * 4 + 1
    assert all((tmp_path / "whole" / name).read_bytes() == (tmp_path / "out" / name).read_bytes() for name in files)


def test_a_folder_belongs_to_one_recipe(tmp_path):
    recipe = {"existing": "keep", "teachers": {"labels": "a"}, "camera": (1, 2)}
    open_folder(tmp_path / "out", recipe)
    open_folder(tmp_path / "out", recipe)
    with pytest.raises(InputError, match=r"annotation\.json: 'existing' is not what it was when this folder was begun"):
        open_folder(tmp_path / "out", {**recipe, "existing": "fill"})
    (tmp_path / "other").mkdir()
    open_folder(tmp_path / "other", recipe)
    with pytest.raises(InputError, match=r"is not empty and has no annotation\.json"):
        open_folder(tmp_path, recipe)


def test_the_factor_is_one_that_holds_the_truths(source, tmp_path):
    assert depth_factor(source) == 5000
    write(source.root / "depth/b.png", np.full((3, 4), 7500, np.uint16))
    assert depth_factor(source) == 1000
    assert depth_factor(FakeSource(Sample(image(0)))) == 1000
    third = FakeSource(Sample(image(0), depth=np.full((3, 4), 1 / 3, np.float32), name="x", intrinsics=CAMERA))
    with pytest.raises(InputError, match="sample 'x': its depth needs finer steps, none of 1000, 256, 5000 per metre; give --depth-factor"):
        depth_factor(third)
    with pytest.raises(InputError, match="needs finer steps, not 5000 per metre"):
        list(annotate(third, writer(tmp_path / "out"), Teacher(), AnnotationOptions(("labels",)), 1, exact=True))
    assert list(annotate(third, writer(tmp_path / "out"), Teacher(), AnnotationOptions(("labels",)), 1, exact=False)) == [True]


class FakeSource:
    name, licence, targets, label_space, depth_kind = "fake", "CC0-1.0", ("depth",), None, "metric"

    def __init__(self, *samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


@pytest.mark.parametrize(
    ("silent", "options"), [("depth", AnnotationOptions(BOTH)), ("confidence", AnnotationOptions(BOTH, min_confidence=0.5))]
)
def test_a_teacher_that_does_not_answer_is_an_error(source, silent, options):
    with pytest.raises(InputError, match=f"sample 'mine/c': the teacher gives no {silent}"):
        annotate_sample(source[2], Teacher(silent), options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": ("dephts",)}, "'dephts' is none that a teacher fills in"),
        ({"targets": BOTH, "existing": "fil"}, "existing: 'fil' is unknown; did you mean 'fill'"),
        ({"targets": BOTH, "min_confidence": 1.5}, "min_confidence: 1.5 is no probability"),
        ({"targets": ("depth",), "min_confidence": 0.5}, "only labels have a confidence"),
    ],
)
def test_impossible_options(arguments, message):
    with pytest.raises(ConfigError, match=message):
        AnnotationOptions(**arguments)
