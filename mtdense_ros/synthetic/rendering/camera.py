"""Cameras of small robots: where they look from, and how a pose becomes a view."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.synthetic.rendering.scene import View


def intrinsics(size: tuple[int, int], hfov: float) -> Intrinsics:
    """A centred pinhole camera of size (height, width) and horizontal field of view in degrees."""
    height, width = size
    focal = width / 2 / math.tan(math.radians(hfov) / 2)
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


def view(camera: Intrinsics, eye: Sequence[float], yaw: float, pitch: float, roll: float = 0.0) -> View:
    """A camera at eye, looking along yaw (radians about Z from +X), pitched up by pitch and rolled by roll (radians)."""
    ahead = np.array([math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), math.sin(pitch)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    down = np.cross(ahead, right)
    c, s = math.cos(roll), math.sin(roll)
    matrix = np.eye(4)
    matrix[:3, :3] = [c * right + s * down, c * down - s * right, ahead]
    matrix[:3, 3] = -matrix[:3, :3] @ np.asarray(eye)
    return View(camera, matrix.astype(np.float32))


def robot_view(rng: np.random.Generator, size: tuple[int, int], eye: Sequence[float], yaw: float) -> View:
    """A camera of random lens at eye: level in half of all views, else looking up or, from above 0.5 m, down; a fifth roll as hands do."""
    draw = rng.random()
    if draw < 0.5:
        pitch = rng.normal(-2, 5)
    elif draw < 0.77 or eye[2] < 0.5:
        pitch = rng.uniform(4, 28)
    else:
        pitch = rng.uniform(-40, -8)
    roll = float(np.clip(rng.normal(0, 4 if rng.random() < 0.2 else 1), -9, 9))
    return view(intrinsics(size, rng.uniform(45, 80)), eye, yaw, math.radians(pitch), math.radians(roll))
