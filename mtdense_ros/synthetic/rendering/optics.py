"""How cameras and lights become the numbers that the shaders take: projections and uniform arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.rendering.scene import Light, Lighting, View

NEAR, FAR = 0.05, 60.0
_LIGHTS = 4


def lens_of(view: View) -> NDArray[np.float32]:
    """fx, fy, cx, cy in pixels of the image."""
    i = view.intrinsics
    return np.array([i.fx, i.fy, i.cx, i.cy], np.float32)


def projection(view: View) -> NDArray[np.float32]:
    """Camera to clip space (4, 4), onto a grid of twice the image's size."""
    # Sample s of the doubled grid looks at image coordinate s / 2; row 0 of the buffer is the top row of the image.
    i = view.intrinsics
    depth = [0, 0, (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)]
    columns = [2 * i.fx / i.width, 0, (2 * i.cx + 0.5) / i.width - 1, 0]
    rows = [0, 2 * i.fy / i.height, (2 * i.cy + 0.5) / i.height - 1, 0]
    return np.array([columns, rows, depth, [0, 0, 1, 0]], np.float32)


def ordered(lights: Sequence[Light]) -> list[Light]:
    """The lights, those with a shadow first. Raises InputError on more than four, or more than two with a shadow."""
    if len(lights) > _LIGHTS or sum(light.shadow for light in lights) > 2:
        raise InputError(f"lighting: {len(lights)} lights; at most {_LIGHTS}, two of them with a shadow, are supported; leave some out")
    return sorted(lights, key=lambda light: not light.shadow)


def light_matrix(light: Light) -> NDArray[np.float32]:
    """World to clip space of a light's shadow map (4, 4)."""
    place = np.asarray(light.position, np.float64)
    ahead = np.asarray(light.target) - place
    distance = float(np.linalg.norm(ahead))
    ahead = ahead / distance
    side = np.cross(ahead, (0, 0, 1.0) if abs(ahead[2]) < 0.98 else (0, 1.0, 0))
    side /= np.linalg.norm(side)
    rotation = np.stack([side, np.cross(ahead, side), ahead])
    near = 0.5 * distance if light.confined else 0.05
    far = distance + 14.0
    clip = np.zeros((4, 4))
    clip[0, 0], clip[1, 1] = 1 / light.spread[0], 1 / light.spread[1]
    clip[2, 2:] = (far + near) / (far - near), -2 * far * near / (far - near)
    clip[3, 2] = 1.0
    frame = np.eye(4)
    frame[:3, :3], frame[:3, 3] = rotation, -rotation @ place
    return (clip @ frame).astype(np.float32)


def light_uniforms(lighting: Lighting, view: View) -> dict[str, Any]:
    """The shading pass's values for these lights in the camera's frame."""
    place, color = np.zeros((_LIGHTS, 4), np.float32), np.zeros((_LIGHTS, 3), np.float32)
    kind, matrices = np.zeros((2, 2), np.float32), np.zeros((2, 4, 4), np.float32)
    camera_to_world = np.linalg.inv(view.world_to_camera.astype(np.float64))
    for k, light in enumerate(ordered(lighting.lights)):
        place[k] = *(view.world_to_camera @ (*light.position, 1.0))[:3], light.reach**2
        color[k] = light.color
        if light.shadow:
            kind[k] = light.softness, float(light.confined)
            matrices[k] = (light_matrix(light) @ camera_to_world).T
    up = view.world_to_camera[:3, 2]
    shared = {"sky": np.array(lighting.sky), "ground": np.array(lighting.ground), "occlusion": np.float32(lighting.occlusion), "up": up}
    return {"light_place": place, "light_color": color, "light_kind": kind, "camera_to_light": matrices, **shared}
