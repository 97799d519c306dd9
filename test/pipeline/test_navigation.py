"""Obstacles and free space through the pipeline: the ground, what is said without one, and which frames have them."""

import numpy as np
import pytest
from scene_of_boxes import CAMERA, HEIGHT_M, OBJECT, RAYS, view

from mtdense_ros.datatypes import Frame, Prediction
from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.navigation import Navigation, class_roles
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.utils.buffers import BufferPool

INDOOR = load_label_space("indoor")
BOX = (-0.3, 0.3, 0.4, 2.0)


def seen(navigation, labels=True, foreground=None, space=INDOOR, **options):
    depth, ids = view(boxes=[BOX])
    prediction = Prediction(labels=ids if labels else None, depth=depth, foreground=foreground)
    return navigation.of_frame(prediction, space, RAYS, PipelineOptions(**options), BufferPool())


def test_obstacles_stand_on_the_ground_that_was_seen():
    frame = seen(Navigation())
    obstacles = frame.obstacles()
    assert frame.doubt == ""
    assert (HEIGHT_M - obstacles["y"]).min() > 0.1 - 1e-3
    assert set(np.unique(obstacles["label"])) == {1, OBJECT}
    free = frame.clearing()
    ahead = np.abs(free[:, 0]) < 0.2
    assert len(free) and free[ahead, 2].max() < 2.0 and free[~ahead, 2].max() > 3.5


def test_the_ground_is_remembered_while_no_floor_is_seen_until_a_reset():
    navigation = Navigation()
    seen(navigation).obstacles()
    depth, ids = view(boxes=[BOX])
    blind = Prediction(labels=np.full_like(ids, OBJECT), depth=depth)
    for doubtful in (False, True):
        frame = navigation.of_frame(blind, INDOOR, RAYS, PipelineOptions(), BufferPool())
        heights = HEIGHT_M - frame.obstacles()["y"]
        assert bool(frame.doubt) == doubtful == (heights.min() < 0.05)
        navigation.reset()


def test_without_a_ground_nothing_is_free_and_it_is_said():
    depth, ids = view(boxes=[BOX])
    blind = Prediction(labels=np.full_like(ids, OBJECT), depth=depth)
    frame = Navigation().of_frame(blind, INDOOR, RAYS, PipelineOptions(), BufferPool())
    assert len(frame.obstacles()) and frame.clearing().shape == (0, 3)
    assert "no floor plane seen yet: obstacles are chosen by class" in frame.doubt


def test_a_known_camera_height_serves_until_a_floor_is_seen():
    depth, ids = view(boxes=[BOX])
    blind = Prediction(labels=np.full_like(ids, OBJECT), depth=depth)
    frame = Navigation().of_frame(blind, INDOOR, RAYS, PipelineOptions(camera_height=HEIGHT_M), BufferPool())
    assert (HEIGHT_M - frame.obstacles()["y"]).min() > 0.1 - 1e-3
    assert "that of depth.camera_height" in frame.doubt
    measured = seen(Navigation(), camera_height=7.0)
    assert (HEIGHT_M - measured.obstacles()["y"]).min() > 0.1 - 1e-3 and measured.doubt == ""


def test_a_depth_network_without_labels_goes_by_height():
    frame = seen(Navigation(), labels=False, space=None)
    obstacles = frame.obstacles()
    assert (obstacles["label"] == 255).all() and np.isclose(obstacles["z"], 2.0).any() and len(frame.clearing())


def test_foreground_is_dynamic_and_its_absence_is_nothing():
    depth, _ = view(boxes=[BOX])
    box = depth == 2.0
    obstacles = seen(Navigation(), foreground=box).obstacles()
    assert np.array_equal(obstacles["dynamic"] > 0, np.isclose(obstacles["z"], 2.0)) and (obstacles["dynamic"] > 0).any()
    assert not (seen(Navigation()).obstacles()["dynamic"] > 0).any()


def test_class_names_choose_the_obstacles():
    assert set(np.unique(seen(Navigation(), obstacle_classes=("object",)).obstacles()["label"])) == {OBJECT}
    assert class_roles(INDOOR, ("",)).obstacle[1] == 1
    with pytest.raises(ConfigError, match="'objet' is no class"):
        class_roles(INDOOR, ("objet",))


@pytest.fixture(scope="module")
def predictor(make_random_weights):
    return Predictor.load(make_random_weights("mtdense"), device="cpu")


def test_obstacles_come_on_frames_that_have_labels(predictor, picture):
    pipeline = Pipeline(predictor, PipelineOptions(every_labels=2))
    frame = Frame(picture(1, CAMERA.height, CAMERA.width), 5, "camera", CAMERA)
    seen = [set(pipeline.process(frame, ("obstacles", "clearing", "depth"))) for _ in range(4)]
    assert seen == [{"obstacles", "clearing", "depth"}, {"depth"}] * 2


def test_what_is_missing_says_why(predictor, picture):
    results = Pipeline(predictor).process(Frame(picture(1, 96, 128)), ("obstacles", "clearing"))
    assert results.missing == {"obstacles": "no camera_info", "clearing": "no camera_info"}


def test_while_the_background_is_suspended_there_are_no_foreground_obstacles(predictor, picture):
    pipeline = Pipeline(predictor)
    pipeline.background.capture(picture(2, CAMERA.height, CAMERA.width))
    frame = Frame(picture(1, CAMERA.height, CAMERA.width), 5, "camera", CAMERA)
    before = pipeline.networks.counters["foreground"]
    pipeline.process(frame, ("obstacles",))
    assert pipeline.networks.counters["foreground"] == before + 1
    pipeline.background.suspended = "camera moved"
    obstacles = pipeline.process(frame, ("obstacles",))["obstacles"]
    assert pipeline.networks.counters["foreground"] == before + 1
    assert np.array_equal(obstacles["dynamic"] > 0, obstacles["label"] == 6), "people only, which these weights do not know"
