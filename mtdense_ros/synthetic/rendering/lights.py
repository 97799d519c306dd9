"""Random indoor light: ceiling lamps, daylight through a window, a patch of sun, and what the room reflects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtdense_ros.synthetic.rendering.palette import lamp
from mtdense_ros.synthetic.rendering.scene import Color, Light, Lighting

Rng = np.random.Generator


@dataclass(frozen=True)
class Opening:
    """A window: its middle, the horizontal unit vector into the room, and half its width and height in metres."""

    middle: tuple[float, float, float]
    inward: tuple[float, float]
    half: tuple[float, float]


def room_lighting(rng: Rng, low: Sequence[float], high: Sequence[float], openings: Sequence[Opening]) -> Lighting:
    """Lights of a room between the corners low and high (3,), with daylight from at most one of its openings."""
    lights = []
    opening = openings[int(rng.integers(len(openings)))] if len(openings) else None
    daylight = opening is not None and rng.random() < 0.65
    if not daylight or rng.random() < 0.4:
        lights.append(_ceiling_lamp(rng, low, high))
    if opening is not None and daylight:
        lights.append(_window(rng, opening))
        if len(lights) < 2 and rng.random() < 0.45:
            lights.append(_sun(rng, opening))
    for _ in range(int(rng.choice([0, 1, 1, 2]))):
        spot = rng.uniform(low, high)
        lights.append(Light((spot[0], spot[1], max(spot[2], 1.2)), scaled(lamp(rng), rng.uniform(0.1, 0.45)), reach=2.5))
    bounce = rng.uniform(0.1, 0.5)
    warm = lamp(rng)
    ground = scaled((warm[0], warm[1] * 0.97, warm[2] * 0.93), bounce * rng.uniform(0.6, 1.0))
    return Lighting(lights, scaled(warm, bounce), ground, float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.42, 0.85)))


def _ceiling_lamp(rng: Rng, low: Sequence[float], high: Sequence[float]) -> Light:
    x, y = (rng.uniform(a * 0.75 + b * 0.25, a * 0.25 + b * 0.75) for a, b in zip(low[:2], high[:2], strict=True))
    z = high[2] - rng.uniform(0.1, 0.5)
    tilt = rng.normal(0, 0.15, 2)
    color = scaled(lamp(rng), rng.uniform(0.6, 1.3))
    softness = float(rng.choice([0.004, 0.012, 0.03]))
    return Light((x, y, z), color, 2.2, True, (x + tilt[0], y + tilt[1], z - 1), (2.6, 2.6), softness)


def _window(rng: Rng, opening: Opening) -> Light:
    """Sky light: a very soft lamp in the middle of the window, aimed inward and down."""
    x, y, z = opening.middle
    position = (x + 0.05 * opening.inward[0], y + 0.05 * opening.inward[1], z + opening.half[1] * 0.5)
    target = (x + opening.inward[0], y + opening.inward[1], z - 0.25)
    color = scaled((0.9, 0.97, 1.08), rng.uniform(0.7, 1.7))
    return Light(position, color, 2.4, True, target, (2.6, 2.6), float(rng.uniform(0.02, 0.05)))


def _sun(rng: Rng, opening: Opening) -> Light:
    """Sunlight: a far light whose frustum is the window."""
    turn, height, far = rng.uniform(-0.9, 0.9), rng.uniform(0.35, 1.0), 12.0
    yaw = math.atan2(-opening.inward[1], -opening.inward[0]) + turn
    way = (math.cos(yaw) * math.cos(height), math.sin(yaw) * math.cos(height), math.sin(height))
    x, y, z = opening.middle
    spread = (opening.half[0] * math.cos(turn) / far, opening.half[1] * math.cos(height) / far)
    strength = rng.uniform(1.5, 4.0)
    position = (x + far * way[0], y + far * way[1], z + far * way[2])
    return Light(position, scaled((1.1, 1.0, 0.85), strength), far + 2, True, opening.middle, spread, 0.006, True)


def scaled(color: Color, factor: float) -> Color:
    """A colour times a number."""
    return color[0] * factor, color[1] * factor, color[2] * factor
