"""How a camera stands above the floor, from the transform between a frame on the floor and the camera's optical frame (REP 105)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import CameraMount
from mtdense_ros.errors import InputError


def rotation_of(quaternion: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """The rotation matrix (3, 3) of a quaternion (x, y, z, w) of any length but 0. Raises InputError."""
    x, y, z, w = values = np.array(quaternion, np.float64)
    square = float(values @ values)
    if not np.isfinite(square) or square < 1e-12:
        raise InputError(f"transform: the quaternion {quaternion} is no rotation; correct the publisher of TF")
    matrix = np.array(
        [
            [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
        ]
    )
    return matrix / square


def looks_up(mount: CameraMount) -> bool:
    """Whether a camera would look at the sky, within 45 degrees: its frame is then one of a robot's body, with z up."""
    return mount.up is not None and mount.up[2] > np.sqrt(0.5)


def pitched_mount(height_m: float, pitch_deg: float) -> CameraMount:
    """The mount of a camera at a height above the floor that looks down by an angle and does not lean sideways."""
    pitch = np.radians(pitch_deg)
    return CameraMount(height_m, (0.0, -float(np.cos(pitch)), -float(np.sin(pitch))))


def camera_mount(translation: tuple[float, float, float], quaternion: tuple[float, float, float, float]) -> CameraMount:
    """The mount of a camera whose pose in a frame on the floor, z up, is this: metres, and (x, y, z, w) of the optical frame.

    Raises InputError on what is no pose above the floor.
    """
    x, y, z = (float(v) for v in rotation_of(quaternion)[2])  # the frame's z axis, seen from the camera
    return CameraMount(float(translation[2]), (x, y, z))
