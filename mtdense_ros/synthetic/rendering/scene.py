"""What the renderer draws: items of textured parts with a pose and a label, lights and a camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.stored_labels import STORED_CLASSES
from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.synthetic.rendering.meshes import Mesh

FLOOR, WALL, CEILING, FURNITURE, OBJECT, OTHER, PERSON, DOOR = range(len(STORED_CLASSES))
"""Label ids as rendered sets store them: the indoor space, and DOOR."""

Color = tuple[float, float, float]

VERTEX = np.dtype([("position", "f4", 3), ("normal", "f4", 3), ("uv", "f4", 2), ("tint", "u1", 4), ("ids", "u2", 2)])


@dataclass(frozen=True)
class Part:
    """A mesh with one material: texture layer, sRGB tint, texture repeats per uv unit, gloss 0..1; emit makes it glow."""

    mesh: Mesh
    layer: int = 0
    tint: Color = (1.0, 1.0, 1.0)
    repeat: float = 1.0
    gloss: float = 0.0
    emit: bool = False


@dataclass(frozen=True)
class Item:
    """One instance: parts in a common frame, pose (4, 4) frame to world, label id; casts: whether it throws shadows."""

    parts: Sequence[Part]
    pose: NDArray[np.float32]
    label: int
    name: str = ""
    casts: bool = True
    _baked: list[tuple[NDArray[np.void], NDArray[np.uint32]]] = field(default_factory=list, repr=False, compare=False)

    def bounds(self) -> NDArray[np.float32]:
        """(2, 3): lowest and highest corner in the world."""
        positions = self.baked()[0]["position"]
        return np.stack([positions.min(0), positions.max(0)])

    def baked(self) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
        """World vertices (N,) of dtype VERTEX, instance ids still 0, and triangles (M, 3); computed once."""
        if not self._baked:
            self._baked.append(_bake(self))
        return self._baked[0]


@dataclass(frozen=True)
class Light:
    """A point or spot light at position (3,) world, linear colour; `reach` metres is where it has its nominal brightness.

    shadow: aimed at `target`, half angles (tangents) `spread`, penumbra `softness` in metres at the light's near unit distance;
    confined: nothing is lit outside that frustum (sun through a window). A light without shadow shines everywhere.
    """

    position: tuple[float, float, float]
    color: Color
    reach: float = 2.0
    shadow: bool = False
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spread: tuple[float, float] = (1.5, 1.5)
    softness: float = 0.02
    confined: bool = False


@dataclass(frozen=True)
class Lighting:
    """Lights (at most two with a shadow), linear ambient colours from above and below, occlusion strength, mean brightness aimed at."""

    lights: Sequence[Light]
    sky: Color
    ground: Color
    occlusion: float = 1.0
    exposure: float = 0.4


@dataclass(frozen=True)
class View:
    """A pinhole camera: intrinsics and pose (4, 4), world to camera optical frame (x right, y down, z forward)."""

    intrinsics: Intrinsics
    world_to_camera: NDArray[np.float32]


def pose(x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> NDArray[np.float32]:
    """A (4, 4) pose of an upright item."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1]], np.float32)


def placed(item: Item, where: NDArray[np.float32]) -> Item:
    """The item at another pose."""
    return replace(item, pose=where, _baked=[])


def batch(items: Sequence[Item], first_id: int) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
    """All items as one vertex array and triangle list, with instance ids first_id, first_id + 1, ..."""
    baked = [item.baked() for item in items]
    if not baked:
        return np.zeros(0, VERTEX), np.zeros((0, 3), np.uint32)
    counts = [len(vertices) for vertices, _ in baked]
    vertices = np.concatenate([vertices for vertices, _ in baked])
    vertices["ids"][:, 1] = np.repeat(np.arange(first_id, first_id + len(items)), counts)
    starts = np.cumsum([0, *counts[:-1]])
    triangles = np.concatenate([faces + np.uint32(start) for (_, faces), start in zip(baked, starts, strict=True)])
    return vertices, triangles


def _bake(item: Item) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
    counts = [len(part.mesh.positions) for part in item.parts]
    vertices = np.zeros(sum(counts), VERTEX)
    faces = []
    rotation, shift = item.pose[:3, :3].T, item.pose[:3, 3]
    start = 0
    for part, count in zip(item.parts, counts, strict=True):
        block = vertices[start : start + count]
        block["position"] = part.mesh.positions @ rotation + shift
        block["normal"] = part.mesh.normals @ rotation
        block["uv"] = part.mesh.uv * part.repeat
        # Alpha below one half is gloss, the upper half marks what glows.
        block["tint"] = np.round(np.array([*part.tint, 1.0 if part.emit else 0.45 * part.gloss]) * 255).clip(0, 255)
        block["ids"][:, 0] = part.layer
        faces.append(part.mesh.triangles + np.uint32(start))
        start += count
    return vertices, np.concatenate(faces)
