"""A reference frame as the camera would see it now: moved and in another light."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.registration.photometric import LightChange
from mtdense_ros.registration.rigid_motion import RigidMotion

Rgb = NDArray[np.uint8]


def compensated(reference: Rgb, frame: Rgb, motion: RigidMotion, light: LightChange) -> Rgb:
    """A reference (H, W, 3) with its content moved by `motion` in pixels, then in the light of a frame of the same size.

    Where the motion brings in what the reference does not show, the frame itself stands: nothing is known to have changed there.
    """
    height, width = reference.shape[:2]
    c, s = math.cos(motion.angle), math.sin(motion.angle)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    warp = np.array([[c, -s, motion.x + middle_x - c * middle_x + s * middle_y], [s, c, motion.y + middle_y - s * middle_x - c * middle_y]])
    moved = np.asarray(cv2.warpAffine(reference, warp, (width, height)), np.uint8)
    known = np.asarray(cv2.warpAffine(np.full((height, width), 255, np.uint8), warp, (width, height)), np.uint8)
    levels = np.arange(256)[:, None] * np.array(light.gain) + np.array(light.offset)
    lit = np.asarray(cv2.LUT(moved, np.clip(np.rint(levels), 0, 255).astype(np.uint8)[None]), np.uint8)
    return np.where(known[..., None] == 255, lit, frame)
