"""Encodings beyond the contract's list, through cv_bridge where it is installed and works with this numpy."""

from __future__ import annotations

import functools
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.imaging.encodings import UnknownEncoding

_PROBE = """
from array import array
from cv_bridge import CvBridge
from sensor_msgs.msg import Image
CvBridge().imgmsg_to_cv2(Image(height=1, width=1, encoding="mono8", step=1, data=array("B", [0])), "rgb8")
"""
_PROBE_TIMEOUT_S = 20.0


def to_rgb(message: Any, unknown: UnknownEncoding) -> NDArray[np.uint8]:
    """The picture of a sensor_msgs/Image as RGB (H, W, 3); raises UnknownEncoding, with what cv_bridge had to say."""
    refusal = _refusal()
    if refusal:
        raise UnknownEncoding(f"{unknown} ({refusal})") from unknown
    from cv_bridge import CvBridge

    try:
        return np.ascontiguousarray(CvBridge().imgmsg_to_cv2(message, "rgb8"))
    except Exception as error:  # cv_bridge raises its own, OpenCV's and boost's exceptions
        raise UnknownEncoding(f"{unknown} (cv_bridge: {error})") from error


@functools.cache
def _refusal() -> str:
    """Why cv_bridge cannot be used, or ''.

    Tried in another process first: a build for numpy 1 ends the process that uses it under numpy 2, and ours must go on.
    """
    if find_spec("cv_bridge") is None:
        return "cv_bridge, which may know it, is not installed"
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cv_bridge could not be tried: {error}"
    return "" if probe.returncode == 0 else f"cv_bridge is installed but does not work with numpy {np.__version__}"
