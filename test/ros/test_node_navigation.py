"""What a robot drives by, over DDS: obstacles, free space, and the same with the shipped weights in a rendered room."""

import numpy as np
import pytest
from camera_messages import array_of, camera_info, header, image, picture, stamp_of
from sensor_msgs.msg import PointField

from mtdense_ros.geometry.obstacles import OBSTACLE
from mtdense_ros.replay.demo_sequence import load_demo

HEIGHT, WIDTH, FOCAL = 90, 122, 100.0
SINGLE, BYTE = PointField.FLOAT32, PointField.UINT8
XYZ = [("x", 0, SINGLE, 1), ("y", 4, SINGLE, 1), ("z", 8, SINGLE, 1)]


def fields_of(cloud):
    return [(f.name, f.offset, f.datatype, f.count) for f in cloud.fields]


def obstacles_of(cloud):
    return np.frombuffer(cloud.data, OBSTACLE)


@pytest.fixture(scope="module")
def scene(client):
    """Random weights' outputs of one frame: values without sense, in agreement with each other."""
    client.set_parameter("obstacles.edge_threshold", 0.0)
    client.set_parameter("obstacles.voxel_size", 0.0)
    client.subscribe("obstacles", "clearing", "labels", "confidence", "depth")
    sent = image(picture(HEIGHT, WIDTH, seed=1), head=header(frame_id="front_optical"))
    yield sent, client.exchange(sent, camera_info(HEIGHT, WIDTH, FOCAL))
    client.unsubscribe()


def test_obstacles_are_finite_points_in_the_contracts_layout(scene):
    sent, received = scene
    cloud = received["obstacles"]
    assert fields_of(cloud) == [*XYZ, ("label", 12, BYTE, 1), ("confidence", 13, BYTE, 1), ("dynamic", 14, BYTE, 1)]
    points = obstacles_of(cloud)
    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (1, len(points), 16, 16 * len(points))
    assert cloud.is_dense and not cloud.is_bigendian
    assert np.isfinite(np.stack([points["x"], points["y"], points["z"]])).all()
    assert (stamp_of(cloud), cloud.header.frame_id) == (stamp_of(sent), "front_optical")


def test_clearing_points_are_finite_and_of_the_same_frame(scene):
    sent, received = scene
    cloud = received["clearing"]
    assert fields_of(cloud) == XYZ and cloud.is_dense
    assert (cloud.height, cloud.point_step, cloud.row_step, len(cloud.data)) == (1, 12, 12 * cloud.width, 12 * cloud.width)
    assert np.isfinite(np.frombuffer(cloud.data, np.float32)).all()
    assert (stamp_of(cloud), cloud.header.frame_id) == (stamp_of(sent), "front_optical")


def test_each_obstacle_is_a_pixel_of_its_label_depth_and_confidence(scene):
    _, received = scene
    points = obstacles_of(received["obstacles"])
    columns = np.rint(FOCAL * points["x"] / points["z"] + (WIDTH - 1) / 2).astype(int)
    rows = np.rint(FOCAL * points["y"] / points["z"] + (HEIGHT - 1) / 2).astype(int)
    labels, confidence, depth = (array_of(received[topic])[rows, columns] for topic in ("labels", "confidence", "depth"))
    assert np.array_equal(points["z"], depth) and np.array_equal(points["label"], labels)
    assert (np.abs(points["confidence"].astype(int) - confidence) <= 1).all()
    assert set(np.unique(labels)) <= {1, 3, 4, 5}, "wall, furniture, object, other: the classes with the flag"


@pytest.fixture(scope="module")
def room(start):
    """The shipped weights' view of the demo's room without people, and what is true of it."""
    _, client = start({"weights": "mtdense_indoor", "warm_up": ""})
    shot = load_demo()[4]
    height, width = shot.frame.rgb.shape[:2]
    info = camera_info(height, width, shot.frame.intrinsics.fx)
    client.subscribe("obstacles", "clearing")
    return client, shot, client.exchange(image(shot.frame.rgb), info)


@pytest.mark.slow
def test_the_shipped_weights_see_furniture_and_floor_where_they_are(room):
    _, shot, received = room
    points = obstacles_of(received["obstacles"])
    free = np.frombuffer(received["clearing"].data, np.float32).reshape(-1, 3)
    camera, depth, labels = shot.frame.intrinsics, shot.depth, shot.labels
    assert len(points) > 500 and len(free) > 100

    def pixels(x, y, z):
        return np.rint(camera.fy * y / z + camera.cy).astype(int), np.rint(camera.fx * x / z + camera.cx).astype(int)

    at = pixels(points["x"], points["y"], points["z"])
    assert np.mean(labels[at] != 0) > 0.9, "obstacles are not floor"
    assert np.median(np.abs(points["z"] / depth[at] - 1)) < 0.15
    assert np.mean(free[:, 2] < 1.2 * depth[pixels(*free.T)]) > 0.9, "what is free does not lie behind what is there"


@pytest.mark.slow
def test_run_time_parameters_take_effect_on_the_next_frame(room):
    client, shot, received = room
    before = obstacles_of(received["obstacles"])
    for name, value in (("obstacles.range", 4.0), ("points.obstacle_classes", ["furniture"])):
        assert client.set_parameter(name, value) == (True, "")
    after = obstacles_of(client.exchange(image(shot.frame.rgb))["obstacles"])
    distance = np.sqrt(after["x"] ** 2 + after["y"] ** 2 + after["z"] ** 2)
    assert 0 < len(after) < len(before) and distance.max() <= 4.0
    assert set(np.unique(after["label"])) <= {3, 255}
    successful, reason = client.set_parameter("points.obstacle_classes", ["furnitur"])
    assert not successful and "did you mean 'furniture'" in reason


def test_without_a_camera_info_it_is_said_and_nothing_is_sent(start):
    _, client = start()
    client.subscribe("obstacles", "labels")
    client.exchange(image(picture(HEIGHT, WIDTH)), topics=["labels"])
    client.wait_for_fault("no camera_info")
    assert client.count("obstacles") == 0
