"""The named evaluation sets (skipped where the data is absent), and data sets of one's own."""

import cv2
import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.change_detection import THRESHOLD, ThresholdSweep, difference
from mtdense_ros.evaluation.metrics import MaskMetrics
from mtdense_ros.evaluation.sets import SETS, data_root, read_set


@pytest.fixture(scope="module")
def data():
    try:
        return data_root()
    except InputError as error:
        pytest.skip(f"no evaluation data: {error}")


@pytest.mark.parametrize("name", SETS)
def test_first_frames_are_well_formed(data, name):
    for _, frame in zip(range(2), read_set(name, data), strict=False):
        size = frame.rgb.shape[:2]
        for truth in (frame.labels, frame.depth, frame.foreground, frame.foreground_valid):
            assert truth is None or truth.shape == size
        if frame.labels is not None:
            assert set(np.unique(frame.labels)) <= {0, 1, 2, 3, 4, 5, 255}
        if frame.depth is not None:
            assert 0.2 < np.nanmedian(frame.depth) < 6
        if frame.foreground is not None:
            assert frame.background.shape == frame.rgb.shape and 0.5 < frame.foreground_valid.mean() <= 1


@pytest.mark.slow
def test_set_sizes(data):
    names = ("nyuv2", "mosd_A", "mosd_B", "mosd_D", "office", "openloris")
    assert [sum(1 for _ in read_set(name, data)) for name in names] == [7, 14, 16, 7, 75, 4]


def test_normals_are_in_the_optical_frame(data):
    frame = next(frame for frame in read_set("nyuv2", data) if frame.normals is not None)
    floor, wall = (np.nanmean(frame.normals[frame.labels == label], axis=0) for label in (0, 1))
    assert floor[1] < -0.9  # the floor's points up, which is -y
    assert wall[2] < -0.5  # the wall's towards the camera, which is -z


def test_differences_have_their_known_accuracy(data):
    fixed, best = MaskMetrics(), ThresholdSweep()
    for frame in read_set("mosd_A", data):
        mask = difference(frame.rgb, frame.background, compensate=True) > THRESHOLD
        fixed.update(mask, frame.foreground, frame.foreground_valid)
        best.update(difference(frame.rgb, frame.background, compensate=False), frame.foreground, frame.foreground_valid)
    assert fixed.iou == pytest.approx(0.771, abs=0.002)
    assert best.at(best.best).iou == pytest.approx(0.66, abs=0.01)


def test_the_office_has_empty_pictures_before_it(data):
    frames = [frame for frame, _ in zip(read_set("office", data), range(2), strict=False)]
    assert len(frames[0].empty) == 28 and frames[0].empty is frames[1].empty
    np.testing.assert_array_equal(frames[0].background, np.median(np.stack(frames[0].empty), axis=0).astype(np.uint8))


def test_a_folder_of_ones_own(tmp_path):
    for name, picture in {
        "rgb/a.png": np.full((2, 3, 3), 90, np.uint8),
        "empty.png": np.full((2, 3, 3), 40, np.uint8),
        "mask/a.png": np.array([[0, 100, 200], [255, 0, 0]], np.uint8),
        "depth/a.png": np.array([[0, 500, 1000], [1000, 1000, 2000]], np.uint16),
        "labels/a.png": np.array([[0, 1, 255], [3, 3, 3]], np.uint8),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), picture)
    (tmp_path / "dataset.yaml").write_text(
        "image: rgb/*.png\nbackground: empty.png\nforeground: mask/*.png\ndepth: depth/*.png\ndepth_factor: 1000\n"
        "labels: labels/*.png\nlabel_space: indoor\n"
    )
    (frame,) = read_set(f"folder:{tmp_path}")
    assert frame.foreground.tolist() == [[False, False, True], [True, False, False]] and frame.foreground_valid.all()
    assert (frame.label_space, frame.depth_kind) == ("indoor", "metric")
    np.testing.assert_array_equal(frame.depth, [[np.nan, 0.5, 1], [1, 1, 2]])
    assert (frame.background == 40).all()


def test_absent_data_is_said_clearly(tmp_path, monkeypatch):
    monkeypatch.setenv("MTDENSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="MTDENSE_DATA"):
        data_root()
    with pytest.raises(InputError, match="eval_nyuv2"):
        list(read_set("nyuv2", tmp_path))
    with pytest.raises(InputError, match="unknown"):
        read_set("imagenet", tmp_path)
    with pytest.raises(InputError, match="folder:PATH"):
        read_set("nyu", tmp_path)
