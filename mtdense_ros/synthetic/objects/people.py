"""Clothed figures that stand, walk, reach and sit, put together from lofts and limbs; no scan or picture of anybody is used."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.objects.furniture import finish
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.meshes import Mesh
from mtdense_ros.synthetic.rendering.palette import greyed, skin, tint
from mtdense_ros.synthetic.rendering.scene import FURNITURE, PERSON, Color, Part
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

Rng = np.random.Generator
Point = NDArray[np.float64]
SEAT = 0.46
"""Height in metres of the seat that a sitting figure fits on."""


@dataclass(frozen=True)
class Posture:
    """Angles in radians: thighs forward and knees bent (left, right), upper body leaning forward, upper arms forward, elbows bent."""

    thighs: tuple[float, float]
    knees: tuple[float, float]
    lean: float
    arms: tuple[float, float]
    elbows: tuple[float, float]


def figure(rng: Rng, library: TextureLibrary, seated: bool = False) -> Prop:
    """A figure of 1.1 to 1.95 m that faces -Y, its feet on the floor; a seated one sits SEAT metres high around the origin."""
    child = rng.random() < 0.08 and not seated
    height, girth = rng.uniform(1.1, 1.45) if child else rng.uniform(1.52, 1.95), rng.uniform(0.85, 1.3)
    posture = sitting(rng) if seated else upright(rng)
    hip = SEAT + 0.1 if seated else 0.0
    trousers, shoes = _legs(height, girth, posture, seated)
    upper = meshes.rotation_x(posture.lean)
    shirt, bare, hair = ([mesh.turned(upper) for mesh in group] for group in _upper_body(rng, height, girth, posture))
    if not seated and rng.random() < 0.25:
        (trousers if rng.random() < 0.5 else shirt).append(_skirt(rng, height, girth))
    lowest = -hip if seated else min(float(mesh.positions[:, 2].min()) for mesh in shoes)
    groups = [
        (shirt, *_cloth(rng, library, 0.45)),
        (trousers, *_cloth(rng, library, 0.2, (0.05, 0.6))),
        (shoes, WHITE, tint(rng, 0.2, (0.03, 0.9)), 1.0),
        (bare, WHITE, skin(rng), 1.0),
        (hair, WHITE, tint(rng, 0.05, (0.02, 0.5)), 1.0),
    ]
    parts = [Part(meshes.merge(group).moved((0, 0, -lowest)), layer, color, repeat, 0.1) for group, layer, color, repeat in groups if group]
    return Prop("person", parts, PERSON)


def seat(rng: Rng, library: TextureLibrary) -> Prop:
    """A chair or stool for a seated figure at the same place."""
    legs = [meshes.box((0.04, 0.04, SEAT - 0.03), (x * 0.18, y * 0.18, 0)) for x in (-1, 1) for y in (-1, 1)]
    frame = [*legs, meshes.box((0.42, 0.42, 0.035), (0, 0, SEAT - 0.045))]
    if rng.random() < 0.8:
        frame.append(meshes.box((0.42, 0.03, rng.uniform(0.25, 0.5)), (0, 0.22, SEAT)))
    return Prop("seat", [finish(rng, library, meshes.merge(frame))], FURNITURE)


def arm(rng: Rng, library: TextureLibrary) -> Prop:
    """A forearm and sleeve that come from +Y and above, with a hand of five fingers over the origin."""
    lift, short = rng.uniform(0.1, 0.6), rng.random() < 0.4
    way = np.array([0.0, math.cos(lift), math.sin(lift)])
    palm = np.array([0.0, 0.0, 0.04])
    wrist = palm + 0.07 * way
    elbow, shoulder = wrist + 0.26 * way, wrist + 0.75 * way + (0, 0, rng.uniform(0, 0.2))
    bare = [meshes.ellipsoid((0.042, 0.055, 0.02), palm, 8, 12), meshes.capsule(palm, wrist, 0.026, 0.028)]
    curl = rng.uniform(0, 0.04)
    for k in range(4):
        knuckle = palm + ((k - 1.5) * 0.021, -0.045, 0)
        bare.append(meshes.capsule(knuckle, knuckle + ((k - 1.5) * 0.006, -0.06, -curl), 0.009, 0.007))
    side = float(rng.choice([-1, 1]))
    bare.append(meshes.capsule(palm + (side * 0.035, 0, 0), palm + (side * 0.065, -0.045, -0.01), 0.011, 0.008))
    fore = meshes.capsule(wrist, elbow, 0.03 if short else 0.036, 0.045)
    sleeve = [meshes.capsule(elbow, shoulder, 0.05, 0.06)] if short else [fore, meshes.capsule(elbow, shoulder, 0.046, 0.06)]
    layer, color, repeat = _cloth(rng, library, 0.4)
    flesh = Part(meshes.merge([*bare, fore] if short else bare), WHITE, skin(rng), gloss=0.15)
    return Prop("arm", [flesh, Part(meshes.merge(sleeve), layer, color, repeat)], PERSON)


def upright(rng: Rng) -> Posture:
    """Walking, standing with or without something in hand, or bending forward."""
    draw, swing = rng.random(), float(rng.uniform(-1, 1))
    if draw < 0.4:
        thighs = (0.45 * swing, -0.45 * swing)
        knees = tuple(0.1 + max(-1.2 * thigh, 0.0) for thigh in thighs)
        return Posture(thighs, (knees[0], knees[1]), 0.05, (-0.5 * swing, 0.5 * swing), _pair(rng, 0.1, 0.7))
    legs, knees = _pair(rng, -0.08, 0.12), _pair(rng, 0.0, 0.15)
    if draw < 0.65:
        return Posture(legs, knees, float(rng.normal(0, 0.05)), _pair(rng, -0.15, 0.2), _pair(rng, 0.05, 0.5))
    if draw < 0.85:
        return Posture(legs, knees, float(rng.uniform(0, 0.25)), _pair(rng, 0.1, 1.2), _pair(rng, 0.6, 1.9))
    return Posture(legs, _pair(rng, 0.0, 0.5), float(rng.uniform(0.3, 1.1)), _pair(rng, 0.4, 1.4), _pair(rng, 0.0, 0.8))


def sitting(rng: Rng) -> Posture:
    """On a chair, hands in the lap or before the chest."""
    thighs = _pair(rng, 1.3, 1.5)
    return Posture(thighs, _pair(rng, 1.2, 1.7), float(rng.uniform(-0.1, 0.35)), _pair(rng, 0.2, 0.9), _pair(rng, 0.5, 1.5))


def _pair(rng: Rng, low: float, high: float) -> tuple[float, float]:
    return float(rng.uniform(low, high)), float(rng.uniform(low, high))


def _cloth(rng: Rng, library: TextureLibrary, strong: float, bright: tuple[float, float] = (0.1, 1.0)) -> tuple[int, Color, float]:
    """Texture, tint and repeats of a piece of clothing: plain in half of all cases, and not often loud."""
    plain = rng.random() < 0.5
    layer = WHITE if plain else library.pick(rng, "cloth", "cloth", "stripes", "checker", "print")
    return layer, greyed(tint(rng, strong, bright), float(rng.uniform(0, 0.6))), float(rng.uniform(1.5, 4.0))


def _ahead(angle: float) -> Point:
    """The direction that a hanging limb takes when it is raised forward by an angle."""
    return np.array([0.0, -math.sin(angle), -math.cos(angle)])


def _legs(height: float, girth: float, posture: Posture, seated: bool) -> tuple[list[Mesh], list[Mesh]]:
    """Trousers and shoes around a hip at the origin; a seated figure's shins are as long as its seat is high."""
    thigh = 0.245 * height
    cloth, shoes = [], []
    for side, raised, bent in zip((-1, 1), posture.thighs, posture.knees, strict=True):
        hip = np.array([side * 0.085 * girth, 0.0, 0.0])
        knee = hip + thigh * _ahead(raised)
        way = _ahead(raised - bent)
        shin = (knee[2] + SEAT + 0.02) / max(-way[2], 0.5) if seated else 0.235 * height
        ankle = knee + shin * way
        cloth += [meshes.capsule(hip, knee, 0.085 * girth, 0.062 * girth), meshes.capsule(knee, ankle, 0.062 * girth, 0.048)]
        sole = meshes.rounded_box((0.095, 0.25, 0.08), 0.035, (ankle[0], ankle[1] - 0.06, ankle[2] - 0.09))
        shoes.append(sole)
    cloth.append(
        meshes.loft([(-0.09, 0.13 * girth, 0.09 * girth, 0), (0.02, 0.165 * girth, 0.115 * girth, 0), (0.1, 0.15 * girth, 0.1, 0)])
    )
    return cloth, shoes


def _skirt(rng: Rng, height: float, girth: float) -> Mesh:
    """A skirt, dress or coat below the waist."""
    down, wide = rng.uniform(0.15, 0.3) * height, rng.uniform(1.2, 1.6)
    return meshes.loft(
        [(-down, 0.17 * girth * wide, 0.13 * girth * wide, 0), (0, 0.18 * girth, 0.13 * girth, 0), (0.1, 0.15 * girth, 0.1, 0)]
    )


def _upper_body(rng: Rng, height: float, girth: float, posture: Posture) -> tuple[list[Mesh], list[Mesh], list[Mesh]]:
    """Shirt, bare skin and hair above a hip at the origin, upright."""
    chest, neck = 0.22 * height, 0.30 * height
    sections = [
        (0.0, 0.16, 0.11, 0.0),
        (0.09, 0.14, 0.1, 0.0),
        (0.5, 0.165, 0.115, -0.01),
        (0.82, 0.18, 0.105, 0.0),
        (0.97, 0.15, 0.08, 0.01),
    ]
    torso = meshes.loft([(z * neck, x * girth, y * girth, at) for z, x, y, at in sections] + [(neck, 0.055, 0.055, 0.01)])
    shirt, bare = [torso], [meshes.capsule((0, 0.01, neck - 0.03), (0, 0, neck + 0.07), 0.05)]
    short = rng.random() < 0.45
    for side, raised, bent in zip((-1, 1), posture.arms, posture.elbows, strict=True):
        shoulder = np.array([side * 0.175 * girth, 0.0, chest + 0.045 * height])
        outward = np.array([side * rng.uniform(0.05, 0.3), 0, 0])
        elbow = shoulder + 0.17 * height * (_ahead(raised) + outward)
        wrist = elbow + 0.145 * height * (_ahead(raised + bent) - 0.5 * outward)
        shirt.append(meshes.capsule(shoulder, elbow, 0.052 * girth, 0.043 * girth))
        (bare if short else shirt).append(meshes.capsule(elbow, wrist, 0.042, 0.032))
        hand = wrist + 0.05 * _ahead(raised + bent)
        bare += [meshes.ellipsoid((0.026, 0.036, 0.05), hand, 6, 10), meshes.capsule(wrist, hand + (-0.03 * side, -0.02, 0), 0.012)]
    head, hair = _head(rng, neck, height)
    return shirt, bare + head, hair


def _head(rng: Rng, neck: float, height: float) -> tuple[list[Mesh], list[Mesh]]:
    """Face and, on most heads, hair or a cap."""
    scale = 0.75 + 0.25 * height / 1.7
    middle = neck + 0.155 * scale
    skull = meshes.ellipsoid((0.075 * scale, 0.095 * scale, 0.105 * scale), (0, 0, middle + 0.015))
    jaw = meshes.ellipsoid((0.058 * scale, 0.07 * scale, 0.085 * scale), (0, -0.02 * scale, middle - 0.035 * scale))
    nose = meshes.ellipsoid((0.013, 0.02, 0.024), (0, -0.095 * scale, middle - 0.01), 5, 8)
    ears = [meshes.ellipsoid((0.012, 0.022, 0.033), (side * 0.077 * scale, 0.005, middle), 5, 8) for side in (-1, 1)]
    hair = [meshes.ellipsoid((0.012, 0.006, 0.007), (side * 0.03, -0.088 * scale, middle + 0.015), 4, 6) for side in (-1, 1)]
    if rng.random() < 0.9:
        hair.append(meshes.ellipsoid((0.083 * scale, 0.098 * scale, 0.1 * scale), (0, 0.018, middle + 0.035)))
    if rng.random() < 0.4:
        hair.append(meshes.ellipsoid((0.08 * scale, 0.05, rng.uniform(0.12, 0.24)), (0, 0.065, middle - 0.06)))
    return [skull, jaw, nose, *ears], hair
