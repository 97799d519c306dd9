"""A small robot in rendered corridors with furniture: its camera's pictures with their truth, and where things really are.

Everything is made by the package's own renderer from procedural parts, with textures and scenes that no training has seen; no
downloaded model is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.synthetic.objects import furniture
from mtdense_ros.synthetic.objects.capsule_people import person
from mtdense_ros.synthetic.objects.large_objects import suitcase
from mtdense_ros.synthetic.objects.placement import Plan, present
from mtdense_ros.synthetic.pairs import HELD_OUT_SEEDS, labels_of
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.ambience import interior_lighting
from mtdense_ros.synthetic.rendering.renderer import Renderer
from mtdense_ros.synthetic.rendering.scene import CEILING, DOOR, FLOOR, WALL, Item, Lighting, pose
from mtdense_ros.synthetic.rendering.textures import TextureLibrary
from mtdense_ros.synthetic.scenes.interior import build_interior

ROOMS = tuple(HELD_OUT_SEEDS[100:103])
"""Scene seeds, of those that training refuses."""
SIZE = (480, 640)
RATE_HZ = 5
CAMERA_HEIGHT = 0.5
"""Of the robot's camera above the floor, in m."""
CAMERA_PITCH_DEG = 8.0
"""How far it looks down."""

_PATTERNS = 977
"""Seed of the textures: another than those of the training and validation families."""
_HALF, _HEIGHT = (4.2, 1.5), 2.6
_START, _SPEED = -3.6, 0.1
_PERSON_AHEAD = 2.6
_STANDS = 22
"""Frames in which the robot stands and somebody crosses its way; afterwards it drives."""
_CROSSES = (3, 16)
"""First and last frame of the one who crosses."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Shot:
    """One frame of the robot with its truth.

    labels (H, W) uint8 of the indoor space, 255 none; depth (H, W) float32 m, NaN none; camera_to_world (4, 4); person (N, 3) points
    on the surface of the one who walks, empty without one.
    """

    frame: Frame
    labels: NDArray[np.uint8]
    depth: NDArray[np.float32]
    camera_to_world: NDArray[np.float64]
    person: Points

    def to_world(self, points: NDArray[np.floating]) -> Points:
        """Points (N, 3) of the camera's frame in the world's."""
        return points @ self.camera_to_world[:3, :3].T + self.camera_to_world[:3, 3]

    @property
    def eye(self) -> Points:
        """The camera's place (3,) in the world."""
        return self.camera_to_world[:3, 3]


class Corridor:
    """A corridor with furniture along its walls and a free lane in its middle, which the robot drives along; the world's z is up."""

    half = _HALF

    def __init__(self, seed: int, texture_size: int = 256) -> None:
        rng = np.random.default_rng(seed)
        self.library = TextureLibrary(texture_size, seed=_PATTERNS)
        shell = build_interior(rng, self.library, _HALF, _HEIGHT, {})
        self.items: list[Item] = [*shell.items, *_furniture(rng, self.library)]
        self.lighting: Lighting = interior_lighting(rng, (-_HALF[0], -_HALF[1], 0.0), (*_HALF, _HEIGHT), shell.openings)
        self.walker_seed = int(rng.integers(1 << 30))

    def obstacle_points(self, low: float, high: float) -> Points:
        """Points (N, 3) all over the surfaces of what stands in the corridor, of a height between low and high in m."""
        return surface_points([item for item in self.items if item.label not in (FLOOR, CEILING)], low, high)


def drive(corridor: Corridor, frames: int, size: tuple[int, int] = SIZE) -> Iterator[Shot]:
    """What the robot's camera sees: first it stands while somebody crosses its way and leaves, then it drives on.

    Raises DependencyError where nothing can be rendered.
    """
    renderer = Renderer(size, corridor.library.layers())
    lens = camera.intrinsics(size, 62.0)
    try:
        for k in range(frames):
            x = _START + _SPEED * max(0, k - _STANDS)
            yield _shot(renderer, corridor, lens, x, k)
    finally:
        renderer.close()


def _shot(renderer: Renderer, corridor: Corridor, lens: Intrinsics, x: float, k: int) -> Shot:
    view = camera.view(lens, (x, 0.0, CAMERA_HEIGHT), 0.0, math.radians(-CAMERA_PITCH_DEG))
    seen = renderer.render(corridor.items, view, corridor.lighting)
    walker = _walker(corridor, k)
    if walker:
        seen = renderer.add_foreground(walker)
    labels = labels_of(seen, [*corridor.items, *walker])
    labels[labels == DOOR] = WALL
    depth = np.where(seen.depth > 0, seen.depth, np.float32(np.nan)).astype(np.float32)
    stamp_ns = k * 1_000_000_000 // RATE_HZ
    frame = Frame(seen.image, stamp_ns, "camera_optical_frame", lens)
    return Shot(frame, labels, depth, np.linalg.inv(view.world_to_camera.astype(np.float64)), surface_points(walker, 0.1, 2.0))


def _walker(corridor: Corridor, k: int) -> list[Item]:
    """The one who crosses from one side of the lane to the other, in frame k."""
    first, last = _CROSSES
    if not first <= k <= last:
        return []
    share = (k - first) / (last - first)
    y = (1 - 2 * share) * (_HALF[1] - 0.5)
    body = person(np.random.default_rng(corridor.walker_seed), corridor.library, stride=math.sin(0.9 * k))
    return [body.at(pose(_START + _PERSON_AHEAD, y, 0.0, 0.0))]


def _furniture(rng: np.random.Generator, library: TextureLibrary) -> list[Item]:
    """Pieces along the walls, some of them low, one or two that stand out into the corridor; the lane stays free."""
    plan = Plan(_HALF)
    plan.claim(-0.6, 0.0, 2 * _HALF[0] - 1.2, 0.8)
    plan.claim(_START + _PERSON_AHEAD, 0.0, 1.0, 2 * _HALF[1])
    makers = (furniture.shelf, furniture.cabinet, furniture.desk, furniture.chair, furniture.sofa, furniture.chair, suitcase)
    pieces = [plan.by_wall(rng, make(rng, library)) for make in makers]
    pieces += [plan.free(rng, make(rng, library), 0.02) for make in (furniture.chair, suitcase, furniture.table)]
    return present(pieces)


def surface_points(items: Sequence[Item], low: float, high: float, spacing: float = 0.025) -> Points:
    """Points (N, 3) about `spacing` m apart on all triangles of items in the world, of a height from low to high m."""
    found = [np.zeros((0, 3))]
    for item in items:
        vertices, triangles = item.baked()
        corners = vertices["position"][triangles].astype(np.float64)
        corners = corners[(corners[..., 2].max(1) >= low) & (corners[..., 2].min(1) <= high)]
        longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1, initial=0.0)
        steps = np.maximum(1, np.ceil(longest / spacing)).astype(int)
        for count in np.unique(steps):
            u, v = (g.ravel() / count for g in np.meshgrid(np.arange(count + 1), np.arange(count + 1)))
            inside = u + v <= 1 + 1e-9
            weights = np.stack([1 - u - v, u, v], axis=1)[inside]
            found.append(np.einsum("kc,tcd->tkd", weights, corners[steps == count]).reshape(-1, 3))
    points = np.concatenate(found)
    return points[(points[:, 2] >= low) & (points[:, 2] <= high)]
