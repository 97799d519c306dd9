"""Colours of indoor surfaces: mostly muted, some strong."""

from __future__ import annotations

import colorsys

import numpy as np

from mtdense_ros.synthetic.rendering.scene import Color


def tint(rng: np.random.Generator, strong: float = 0.25, bright: tuple[float, float] = (0.12, 1.0)) -> Color:
    """A random sRGB colour; with probability `strong` saturated, else a grey, beige or brown of brightness in `bright`."""
    value = float(rng.uniform(*bright))
    if rng.random() < strong:
        return colorsys.hsv_to_rgb(float(rng.random()), float(rng.uniform(0.4, 0.95)), max(value, 0.25))
    return colorsys.hsv_to_rgb(float(rng.uniform(0.05, 0.14)), float(rng.uniform(0, 0.3)) * (1.3 - value), value)


def light_paint(rng: np.random.Generator) -> Color:
    """A wall or ceiling paint: near white, or a pale hue."""
    hue = float(rng.random()) if rng.random() < 0.35 else float(rng.uniform(0.07, 0.15))
    return colorsys.hsv_to_rgb(hue, float(rng.uniform(0, 0.16)), float(rng.uniform(0.72, 1.0)))


def muted_paint(rng: np.random.Generator) -> Color:
    """A wall colour of middle strength: grey, beige, sage, slate, terracotta."""
    value = float(rng.uniform(0.35, 0.9))
    return colorsys.hsv_to_rgb(float(rng.random()), float(rng.uniform(0.03, 0.4)), value)


def greyed(color: Color, share: float) -> Color:
    """The colour moved toward its own grey by a share of 0..1."""
    grey = sum(color) / 3
    r, g, b = (value + share * (grey - value) for value in color)
    return r, g, b


def skin(rng: np.random.Generator) -> Color:
    """A skin tone."""
    depth = float(rng.random())
    return 0.93 - 0.55 * depth, 0.76 - 0.52 * depth, 0.66 - 0.50 * depth


def lamp(rng: np.random.Generator) -> Color:
    """Linear colour of a light of unit brightness, from warm bulb to cool sky."""
    warmth = float(rng.uniform(-0.12, 0.3))
    return 1.0 + warmth * 0.5, 1.0, 1.0 - warmth
