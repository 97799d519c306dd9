"""Person-like figures of capsules, walking, standing or reaching; no scan or picture of anybody is used."""

from __future__ import annotations

import math

import numpy as np

from mtdense_ros.synthetic.objects.assets import Prop
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.palette import skin, tint
from mtdense_ros.synthetic.rendering.scene import PERSON, Part
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary


def person(rng: np.random.Generator, library: TextureLibrary, stride: float | None = None) -> Prop:
    """A dressed figure 1.5 to 1.9 m high that faces -Y; stride in [-1, 1] swings arms and legs, drawn at random when None."""
    height, girth = rng.uniform(1.5, 1.9), rng.uniform(0.85, 1.25)
    swing = rng.uniform(-1, 1) if stride is None else stride
    body = skin(rng)
    legs = [_leg(height, girth, side, swing * side * 0.45) for side in (-1.0, 1.0)]
    bend = rng.uniform(0.1, 1.2)
    arms = [_arm(height, girth, side, -swing * side * 0.5, bend) for side in (-1.0, 1.0)]
    head = meshes.ellipsoid((0.075 * height / 1.7, 0.092 * height / 1.7, 0.115 * height / 1.7), (0, -0.01, 0.925 * height))
    hair = meshes.ellipsoid((0.082 * height / 1.7, 0.095 * height / 1.7, 0.1 * height / 1.7), (0, 0.018, 0.95 * height))
    neck = meshes.capsule((0, 0, 0.8 * height), (0, 0, 0.88 * height), 0.05)
    shirt, trousers = tint(rng, 0.5), tint(rng, 0.3, (0.05, 0.6))
    cloth = library.pick(rng, "cloth", "stripes", "checker", "print") if rng.random() < 0.6 else WHITE
    hands = meshes.merge([arm[1] for arm in arms])
    return Prop(
        "person",
        [
            Part(meshes.merge([_torso(height, girth), *(arm[0] for arm in arms)]), cloth, shirt, repeat=2.5),
            Part(meshes.merge([leg[0] for leg in legs]), library.pick(rng, "cloth"), trousers, repeat=3.0),
            Part(meshes.merge([leg[1] for leg in legs]), WHITE, tint(rng, 0.3, (0.05, 0.8)), gloss=0.3),
            Part(meshes.merge([head, neck, hands]), WHITE, body, gloss=0.15),
            Part(hair, WHITE, tint(rng, 0.1, (0.03, 0.6)), gloss=0.2),
        ],
        PERSON,
    )


def _torso(height: float, girth: float) -> meshes.Mesh:
    chest = meshes.ellipsoid((0.17 * girth, 0.11 * girth, 0.2 * height), (0, 0, 0.67 * height))
    shoulders = meshes.capsule((-0.15 * girth, 0, 0.79 * height), (0.15 * girth, 0, 0.79 * height), 0.065)
    hips = meshes.ellipsoid((0.16 * girth, 0.115 * girth, 0.1 * height), (0, 0, 0.51 * height))
    return meshes.merge([chest, shoulders, hips])


def _leg(height: float, girth: float, side: float, angle: float) -> tuple[meshes.Mesh, meshes.Mesh]:
    """Trousers and shoe; the foot's height above the floor follows the swing."""
    hip = np.array([side * 0.085 * girth, 0, 0.5 * height])
    knee = hip + 0.24 * height * np.array([0, -math.sin(angle), -math.cos(angle)])
    ankle = np.array([knee[0], knee[1] - 0.22 * height * math.sin(angle * 0.4), max(knee[2] - 0.235 * height, 0.07)])
    cloth = [meshes.capsule(hip, knee, 0.082 * girth, 0.06 * girth), meshes.capsule(knee, ankle, 0.06 * girth, 0.05)]
    shoe = meshes.ellipsoid((0.048, 0.13, 0.05), (ankle[0], ankle[1] - 0.06, max(ankle[2] - 0.05, 0.045)))
    return meshes.merge(cloth), shoe


def _arm(height: float, girth: float, side: float, angle: float, bend: float) -> tuple[meshes.Mesh, meshes.Mesh]:
    """Sleeve and hand."""
    shoulder = np.array([side * 0.2 * girth, 0, 0.79 * height])
    elbow = shoulder + 0.17 * height * np.array([side * 0.15, -math.sin(angle), -math.cos(angle)])
    lift = angle + bend
    wrist = elbow + 0.15 * height * np.array([0, -math.sin(lift), -math.cos(lift)])
    sleeve = meshes.merge([meshes.capsule(shoulder, elbow, 0.055 * girth, 0.045), meshes.capsule(elbow, wrist, 0.045, 0.036)])
    return sleeve, meshes.ellipsoid((0.035, 0.04, 0.06), wrist + (0, -0.01, -0.05))
