"""Changed regions -> JSON, and vision_msgs/Detection3DArray where vision_msgs is installed."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, Vector3
from numpy.typing import NDArray
from std_msgs.msg import Header, String

from mtdense_ros.datatypes import LabelSpace

try:
    from vision_msgs.msg import BoundingBox3D, Detection3D, Detection3DArray, ObjectHypothesis, ObjectHypothesisWithPose
except ImportError:
    Detection3DArray = None

_NAMELESS = "changed"


def changes_message(changes: NDArray[np.void], space: LabelSpace | None, header: Header) -> String:
    """Regions (N,) of dtype pipeline.changes.CHANGE as JSON, with the header that a String lacks; null where no depth is known."""
    return String(
        data=json.dumps(
            {
                "stamp": {"sec": header.stamp.sec, "nanosec": header.stamp.nanosec},
                "frame_id": header.frame_id,
                "changes": [_entry(change, space) for change in changes],
            },
            allow_nan=False,
        )
    )


def detections_message(changes: NDArray[np.void], space: LabelSpace | None, header: Header) -> Any:
    """The regions whose place is known as boxes; class_id is the most frequent class, score its share; id is the stamp of first sight."""
    return Detection3DArray(header=header, detections=[_detection(c, space, header) for c in changes if np.isfinite(c["distance"])])


def _entry(change: np.void, space: LabelSpace | None) -> dict[str, Any]:
    sec, nanosec = divmod(int(change["since_ns"]), 1_000_000_000)
    return {
        "centre": _numbers(change["centre"]),
        "size": _numbers(change["size"]),
        "distance": _number(change["distance"]),
        "pixels": int(change["pixels"]),
        "since": {"sec": sec, "nanosec": nanosec},
        "label": _name(change, space),
        "label_share": round(float(change["label_share"]), 3),
    }


def _detection(change: np.void, space: LabelSpace | None, header: Header) -> Any:
    centre, size = ([float(v) for v in change[key]] for key in ("centre", "size"))
    pose = Pose(position=Point(**dict(zip("xyz", centre, strict=True))))
    found = ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=_name(change, space) or _NAMELESS, score=float(change["label_share"]))
    )
    found.pose.pose = pose
    box = BoundingBox3D(center=pose, size=Vector3(**dict(zip("xyz", size, strict=True))))
    return Detection3D(header=header, results=[found], bbox=box, id=str(int(change["since_ns"])))


def _name(change: np.void, space: LabelSpace | None) -> str | None:
    """The name of its class, None without one."""
    label = int(change["label"])
    return None if space is None or label >= len(space.classes) else space.names[label]


def _number(value: Any) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _numbers(values: Any) -> list[float | None]:
    return [_number(v) for v in values]
