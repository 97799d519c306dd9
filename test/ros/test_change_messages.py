"""Changed regions as JSON and as boxes."""

import json
from types import SimpleNamespace

import numpy as np
from camera_messages import header

from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.pipeline.changes import CHANGE
from mtdense_ros.ros import change_messages

INDOOR = load_label_space("indoor")


def changes():
    found = np.zeros(2, CHANGE)
    found[0] = ((0.5, -0.25, 2.0), (1.0, 0.5, 0.25), 1.75, 321, 5_000_000_007, 4, 0.75)
    found[1] = ((np.nan,) * 3, (np.nan,) * 3, np.nan, 12, 6_000_000_000, 255, 1.0)
    return found


def test_json_has_the_header_and_null_for_what_is_unknown():
    head = header(3_000_000_001, "front_optical")
    content = json.loads(change_messages.changes_message(changes(), INDOOR, head).data)
    assert content == {
        "stamp": {"sec": 3, "nanosec": 1},
        "frame_id": "front_optical",
        "changes": [
            {"centre": [0.5, -0.25, 2.0], "size": [1.0, 0.5, 0.25], "distance": 1.75, "pixels": 321, "since": {"sec": 5, "nanosec": 7},
             "label": "object", "label_share": 0.75},
            {"centre": [None] * 3, "size": [None] * 3, "distance": None, "pixels": 12, "since": {"sec": 6, "nanosec": 0},
             "label": None, "label_share": 1.0},
        ],
    }  # fmt: skip
    assert json.loads(change_messages.changes_message(changes()[:0], None, head).data)["changes"] == []


def test_boxes_of_the_regions_whose_place_is_known(monkeypatch):
    """vision_msgs comes with a full ROS 2 only: its classes are stood in for."""
    for name in ("BoundingBox3D", "Detection3D", "Detection3DArray", "ObjectHypothesis"):
        monkeypatch.setattr(change_messages, name, SimpleNamespace, raising=False)
    with_pose = lambda **fields: SimpleNamespace(pose=SimpleNamespace(), **fields)  # noqa: E731
    monkeypatch.setattr(change_messages, "ObjectHypothesisWithPose", with_pose, raising=False)
    head = header(frame_id="front_optical")
    message = change_messages.detections_message(changes(), INDOOR, head)
    (box,) = message.detections
    assert message.header is head and box.header is head and box.id == "5000000007"
    position, size = box.bbox.center.position, box.bbox.size
    assert (position.x, position.y, position.z) == (0.5, -0.25, 2.0) and (size.x, size.y, size.z) == (1.0, 0.5, 0.25)
    (result,) = box.results
    assert (result.hypothesis.class_id, result.hypothesis.score) == ("object", 0.75) and result.pose.pose.position is position
