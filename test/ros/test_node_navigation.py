"""What a robot drives by, over DDS: obstacles, free space, the maps for costmap layers, changes; and with the shipped weights in a room."""

import json

import numpy as np
import pytest
from camera_messages import array_of, camera_info, header, image, picture, stamp_of
from harness import wait_until
from sensor_msgs.msg import PointField
from std_msgs.msg import String

from mtdense_ros.geometry.obstacles import OBSTACLE
from mtdense_ros.geometry.point_cloud import unpack_cloud
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


KIWI_MAX_DELAY_S = 0.1
"""Approximate synchronisation of mask, confidence and cloud in the semantic_segmentation_layer."""


def observations(mask, confidence, cloud, class_names, min_confidence=0):
    """What the kiwicampus semantic_segmentation_layer makes of one set of messages: (class name, confidence, x, y, z) of each pixel used.

    Its rules: mono8 mask and confidence, mask and cloud of one width and height, stamps within 100 ms, a frame to transform from, z
    finite or the pixel is skipped, and a class that the costmap's parameters do not name is skipped.
    """
    assert mask.encoding == confidence.encoding == "mono8"
    assert mask.width * mask.height == cloud.width * cloud.height == confidence.width * confidence.height
    stamps = [stamp_of(m) for m in (mask, confidence, cloud)]
    assert max(stamps) - min(stamps) <= KIWI_MAX_DELAY_S * 1e9
    assert cloud.header.frame_id
    offsets = {f.name: f.offset for f in cloud.fields if f.datatype == SINGLE}
    used = []
    for pixel in range(mask.width * mask.height):
        at = pixel * cloud.point_step
        x, y, z = (float(np.frombuffer(cloud.data, np.float32, 1, at + offsets[axis])[0]) for axis in "xyz")
        name = class_names.get(mask.data[pixel])
        if np.isfinite(z) and name is not None and confidence.data[pixel] >= min_confidence:
            used.append((name, confidence.data[pixel], x, y, z))
    return used


@pytest.fixture(scope="module")
def at_nav_size(client):
    client.set_parameter("nav.size", "64x48")
    client.subscribe("nav/labels", "nav/confidence", "nav/points", "nav/camera_info", "labels")
    sent = image(picture(HEIGHT, WIDTH, seed=5), head=header(frame_id="front_optical"))
    yield sent, client.exchange(sent, camera_info(HEIGHT, WIDTH, FOCAL))
    client.unsubscribe()


def test_a_semantic_costmap_layer_takes_mask_confidence_and_cloud(client, at_nav_size):
    _, received = at_nav_size
    legend = json.loads(client.transient_local("legend").data)
    names = {c["id"]: c["name"] for c in legend["classes"]}
    mask, confidence, cloud = (received[f"nav/{name}"] for name in ("labels", "confidence", "points"))
    used = observations(mask, confidence, cloud, names)
    z = unpack_cloud(cloud.data, 64, 48)["points"][..., 2]
    assert len(used) == np.isfinite(z).sum() > 100
    assert {name for name, *_ in used} == {names[i] for i in np.unique(array_of(mask)[np.isfinite(z)])}
    assert len(observations(mask, confidence, cloud, {0: "floor"}, 60)) <= len(used)


def test_the_maps_for_navigation_are_of_one_size_stamp_and_frame(at_nav_size):
    sent, received = at_nav_size
    for topic in ("nav/labels", "nav/confidence", "nav/points", "nav/camera_info"):
        message = received[topic]
        assert (message.height, message.width) == (48, 64), topic
        assert (stamp_of(message), message.header.frame_id) == (stamp_of(sent), "front_optical")
    cloud = received["nav/points"]
    assert (cloud.point_step, cloud.row_step, len(cloud.data)) == (20, 20 * 64, 20 * 64 * 48)


def test_its_camera_info_projects_its_points_to_their_pixels(at_nav_size):
    _, received = at_nav_size
    info, cloud = received["nav/camera_info"], received["nav/points"]
    points = unpack_cloud(cloud.data, 64, 48)["points"].astype(float)
    rows, columns = np.nonzero(np.isfinite(points[..., 2]))
    k = np.array(info.k).reshape(3, 3)
    seen = points[rows, columns] @ k.T
    assert np.abs(seen[:, :2] / seen[:, 2:] - np.stack([columns, rows], 1)).max() < 0.02
    assert np.allclose(k[0], [FOCAL * 64 / WIDTH, 0, 31.5]) and np.allclose(k[1], [0, FOCAL * 48 / HEIGHT, 23.5])
    assert np.allclose(np.array(info.p).reshape(3, 4)[:, :3], k)


def test_its_labels_are_labels_of_the_frame(at_nav_size):
    _, received = at_nav_size
    small, full = array_of(received["nav/labels"]), array_of(received["labels"])
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in ((48, HEIGHT), (64, WIDTH)))
    assert np.mean(small == full[np.ix_(rows, columns)]) > 0.9


def test_changes_in_metres_since_their_first_sight(client):
    """A square of noise on the frame that is the background: random weights do not see it where it is, but they see a change."""
    client.set_parameter("background.threshold", 0.01)
    client.set_parameter("changes.min_pixels", 1)
    messages = []
    subscription = client.node.create_subscription(String, "/mtdense/changes", lambda m: messages.append(json.loads(m.data)), 10)
    client.subscribe("foreground", "labels")
    assert client.capture(image(picture(HEIGHT, WIDTH, seed=1)), camera_info(HEIGHT, WIDTH, FOCAL)).success
    sent = [image(picture(HEIGHT, WIDTH, seed=2), head=header(frame_id="front_optical")) for _ in range(2)]
    masks = [array_of(client.exchange(message, topics=["foreground"])["foreground"]) for message in sent]

    def of(message):
        stamp = {"sec": message.header.stamp.sec, "nanosec": message.header.stamp.nanosec}
        return next((m for m in list(messages) if m["stamp"] == stamp), None)

    first, second = (wait_until(lambda m=message: of(m), what="changes of a frame") for message in sent)
    client.node.destroy_subscription(subscription)
    client.unsubscribe()
    assert first["frame_id"] == "front_optical" and first["changes"]
    assert sum(c["pixels"] for c in first["changes"]) == np.count_nonzero(masks[0])
    assert [c["since"] for c in second["changes"]] == [c["since"] for c in first["changes"]]
    for change in first["changes"]:
        assert set(change) == {"centre", "size", "distance", "pixels", "since", "label", "label_share"}
        assert change["distance"] is None or change["distance"] > 0


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
