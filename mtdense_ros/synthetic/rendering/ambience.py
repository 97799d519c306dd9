"""Light as real rooms have it: ceiling lamps in rows, lamps at walls, one strong lamp at the side, daylight; at times a colour cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtdense_ros.synthetic.rendering.lights import Opening, room_lighting, scaled
from mtdense_ros.synthetic.rendering.palette import lamp
from mtdense_ros.synthetic.rendering.scene import Color, Light, Lighting

Rng = np.random.Generator


def interior_lighting(rng: Rng, low: Sequence[float], high: Sequence[float], openings: Sequence[Opening]) -> Lighting:
    """Lights of a room between the corners low and high (3,), some from its openings."""
    draw = rng.random()
    if draw < 0.36:
        lighting = room_lighting(rng, low, high, openings)
    elif draw < 0.6:
        lighting = _lamp_row(rng, low, high)
    elif draw < 0.83:
        lighting = _wall_lamps(rng, low, high)
    else:
        lighting = _one_sided(rng, low, high)
    return _cast(lighting, np.exp(rng.normal(0, 0.13, 3)).tolist()) if rng.random() < 0.3 else lighting


def _lamp_row(rng: Rng, low: Sequence[float], high: Sequence[float]) -> Lighting:
    """Two to four like lamps under the ceiling along the longer side; the two in the middle throw shadows."""
    count = int(rng.integers(2, 5))
    size = np.subtract(high, low)[:2]
    axis = int(size[1] > size[0])
    color = scaled(lamp(rng), rng.uniform(0.4, 0.9))
    # The further apart lamps hang, the further each must reach.
    reach, soft = float(np.clip(size[axis] / count, 1.8, 5.0)), float(rng.choice([0.012, 0.03, 0.05]))
    lights: list[Light] = []
    for k in sorted(range(count), key=lambda k: abs(k - (count - 1) / 2)):
        at = np.array([*(np.add(low[:2], high[:2]) / 2), high[2] - rng.uniform(0.1, 0.3)])
        at[axis] = low[axis] + (k + 0.5) / count * size[axis]
        at[1 - axis] += rng.normal(0, 0.15) * size[1 - axis]
        x, y, z = (float(v) for v in at)
        lights.append(Light((x, y, z), color, reach, len(lights) < 2, (x + 0.05, y + 0.03, z - 1), (2.6, 2.6), soft))
    warm, bounce = lamp(rng), rng.uniform(0.15, 0.5)
    return Lighting(lights, scaled(warm, bounce), scaled(warm, bounce * 0.8), float(rng.uniform(0.7, 1.0)), float(rng.uniform(0.45, 0.85)))


def _wall_lamps(rng: Rng, low: Sequence[float], high: Sequence[float]) -> Lighting:
    """Two or three short-ranged lamps close to walls and, weaker, one under the ceiling: pools of light that fade along each wall."""
    lights: list[Light] = []
    for _ in range(int(rng.integers(2, 4))):
        axis, side = int(rng.integers(2)), int(rng.integers(2))
        at = np.array([rng.uniform(a, b) for a, b in zip(low, high, strict=True)])
        at[axis] = (low, high)[side][axis] + (1, -1)[side] * rng.uniform(0.15, 0.7)
        at[2] = low[2] + rng.uniform(0.15, 0.92) * (high[2] - low[2])
        x, y, z = (float(v) for v in at)
        lights.append(Light((x, y, z), scaled(lamp(rng), rng.uniform(0.3, 1.1)), float(rng.uniform(0.6, 2.0))))
    x, y = (float(rng.uniform(0.7 * a + 0.3 * b, 0.3 * a + 0.7 * b)) for a, b in zip(low[:2], high[:2], strict=True))
    z = high[2] - float(rng.uniform(0.1, 0.4))
    color, soft = scaled(lamp(rng), rng.uniform(0.2, 0.7)), float(rng.choice([0.012, 0.03, 0.05]))
    lights.append(Light((x, y, z), color, 2.5, True, (x + 0.05, y + 0.03, z - 1), (2.6, 2.6), soft))
    warm, bounce = lamp(rng), rng.uniform(0.1, 0.35)
    return Lighting(lights, scaled(warm, bounce), scaled(warm, bounce * 0.8), float(rng.uniform(0.7, 1.0)), float(rng.uniform(0.4, 0.8)))


def _one_sided(rng: Rng, low: Sequence[float], high: Sequence[float]) -> Lighting:
    """A strong lamp or bright wall at one side of the room and little else: steep gradients, long shadows."""
    axis, side = int(rng.integers(2)), int(rng.integers(2))
    at = np.array([rng.uniform(a + 0.2, b - 0.2) for a, b in zip(low, high, strict=True)])
    at[axis] = (low, high)[side][axis] + (0.3, -0.3)[side]
    at[2] = rng.uniform(1.2, high[2] - 0.2)
    middle = np.add(low, high) / 2
    x, y, z = (float(v) for v in at)
    target = (float(middle[0]), float(middle[1]), float(rng.uniform(0.2, 1.0)))
    key = Light((x, y, z), scaled(lamp(rng), rng.uniform(0.8, 2.0)), 2.5, True, target, (1.8, 1.8), float(rng.uniform(0.01, 0.05)))
    fill = lamp(rng)
    bounce = rng.uniform(0.05, 0.2)
    return Lighting([key], scaled(fill, bounce), scaled(fill, bounce * 0.7), 1.0, float(rng.uniform(0.35, 0.75)))


def _cast(lighting: Lighting, factors: Sequence[float]) -> Lighting:
    """The lighting with every colour multiplied by factors (3,)."""
    r, g, b = (float(v) for v in factors)

    def tinted(color: Color) -> Color:
        return color[0] * r, color[1] * g, color[2] * b

    lights = [replace(light, color=tinted(light.color)) for light in lighting.lights]
    return replace(lighting, lights=lights, sky=tinted(lighting.sky), ground=tinted(lighting.ground))
