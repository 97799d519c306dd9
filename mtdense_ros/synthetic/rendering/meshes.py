"""Triangle meshes in metres, Z up, and the primitives that procedural furniture and objects are made of."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Mesh:
    """positions (N, 3) metres, unit normals (N, 3), uv (N, 2) and triangles (M, 3) of vertex indices.

    Primitives measure uv in metres, so that one texture scale fits furniture of any size.
    """

    positions: Array
    normals: Array
    uv: Array
    triangles: NDArray[np.uint32]

    def bounds(self) -> Array:
        """(2, 3): lowest and highest corner."""
        return np.stack([self.positions.min(0), self.positions.max(0)])

    def moved(self, offset: ArrayLike) -> Mesh:
        """The mesh shifted by offset (3,)."""
        return Mesh(self.positions + np.asarray(offset, np.float32), self.normals, self.uv, self.triangles)

    def turned(self, rotation: ArrayLike) -> Mesh:
        """The mesh under a rotation matrix (3, 3)."""
        matrix = np.asarray(rotation, np.float32).T
        return Mesh(self.positions @ matrix, self.normals @ matrix, self.uv, self.triangles)

    def scaled(self, factors: ArrayLike) -> Mesh:
        """The mesh stretched by positive factors (3,) or one number, with correct normals."""
        scale = np.broadcast_to(np.asarray(factors, np.float32), (3,))
        return Mesh(self.positions * scale, _unit(self.normals / scale), self.uv, self.triangles)


def merge(meshes: Iterable[Mesh]) -> Mesh:
    """One mesh of several."""
    parts = list(meshes)
    starts = np.cumsum([0] + [len(part.positions) for part in parts[:-1]])
    return Mesh(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.uv for part in parts]),
        np.concatenate([part.triangles + np.uint32(start) for part, start in zip(parts, starts, strict=True)]),
    )


def rotation_z(angle: float) -> Array:
    """Rotation matrix about Z by angle in radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)


def rotation_x(angle: float) -> Array:
    """Rotation matrix about X by angle in radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)


def box(size: ArrayLike, base: ArrayLike = (0.0, 0.0, 0.0)) -> Mesh:
    """A box of size (x, y, z) that stands with the middle of its underside at base."""
    half = np.asarray(size, np.float32) / 2
    unit, axes, corners = _unit_box()
    centre = np.asarray(base, np.float32) + (0, 0, half[2])
    positions = np.asarray(unit.positions * half + centre, np.float32)
    return Mesh(positions, unit.normals, np.asarray(half[axes] * corners, np.float32), unit.triangles)


@functools.cache
def _unit_box() -> tuple[Mesh, NDArray[np.int64], Array]:
    """The box of half extents one around the origin; per vertex the two axes (24, 2) that its uv measures, and 0 or 2 half extents."""
    positions: list[Array] = []
    normals, axes, corners, triangles = [], [], [], []
    for axis in range(3):
        a, b = [(1, 2), (0, 2), (0, 1)][axis]
        for sign in (-1.0, 1.0):
            face = np.zeros((4, 3), np.float32)
            face[:, axis], face[:, a], face[:, b] = sign, [-1, 1, 1, -1], [-1, -1, 1, 1]
            triangles.append(np.array([[0, 1, 2], [0, 2, 3]]) + 4 * len(positions))
            positions.append(face)
            normals.append(np.eye(3, dtype=np.float32)[[axis] * 4] * sign)
            axes.append([(a, b)] * 4)
            corners.append(face[:, [a, b]] * (1.0, -1.0 if b == 2 else 1.0) + 1.0)
    flat = [np.concatenate(group) for group in (positions, normals, axes, corners, triangles)]
    unit = _mesh(flat[0], flat[1], flat[3], flat[4])
    for array in (unit.positions, unit.normals, unit.uv, unit.triangles):
        array.setflags(write=False)
    return unit, flat[2], unit.uv


def rounded_box(size: ArrayLike, radius: float, base: ArrayLike = (0.0, 0.0, 0.0), steps: int = 4) -> Mesh:
    """A box with rounded edges, for cushions and mattresses: the octants of a sphere pushed apart, flat in between."""
    half = np.asarray(size, np.float32) / 2
    radius = float(min(radius, half.min() * 0.999))
    quarter = np.linspace(0, math.pi / 2, steps)
    latitude, sign_z = np.concatenate([quarter - math.pi / 2, quarter]), np.repeat([-1.0, 1.0], steps)
    longitude = np.concatenate([*(quarter + k * math.pi / 2 for k in range(4)), [2 * math.pi]])
    sign_x, sign_y = (np.append(np.repeat(signs, steps), signs[0]) for signs in ([1.0, -1, -1, 1], [1.0, 1, -1, -1]))
    flat = np.cos(latitude)[:, None]
    normals = np.stack(np.broadcast_arrays(flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)[:, None]), 2)
    signs = np.stack(np.broadcast_arrays(sign_x, sign_y, sign_z[:, None]), 2)
    positions = signs * (half - radius) + normals * radius
    shell = _mesh(positions, normals, positions[..., :2] + positions[..., 2:], _grid(2 * steps, 4 * steps + 1))
    caps = box((*(2 * (half[:2] - radius)), 2 * half[2]), (0, 0, -half[2]))
    ends = Mesh(caps.positions, caps.normals, caps.uv, caps.triangles[8:])
    return merge([shell, ends]).moved(np.asarray(base) + (0, 0, half[2]))


def lathe(profile: Sequence[tuple[float, float]], segments: int = 20) -> Mesh:
    """The solid swept by a profile of (radius, height) points from bottom to top about Z."""
    points = np.asarray(profile, np.float32)
    angles, ring = _circle(segments)
    edge = np.diff(points, axis=0)
    slope = np.concatenate([edge[:1], edge[:-1] + edge[1:], edge[-1:]]) if len(edge) > 1 else np.repeat(edge, 2, 0)
    flat = _unit(np.stack([slope[:, 1], -slope[:, 0]], 1))
    positions, normals = np.empty((2, len(points), segments + 1, 3), np.float32)
    positions[..., :2], positions[..., 2] = points[:, None, :1] * ring, points[:, 1:]
    normals[..., :2], normals[..., 2] = flat[:, None, :1] * ring, flat[:, 1:]
    uv = np.empty((len(points), segments + 1, 2), np.float32)
    uv[..., 0], uv[..., 1] = angles * points[:, 0].max(), points[:, 1:]
    return _mesh(positions, normals, uv, _grid(len(points), segments + 1))


@functools.cache
def _circle(segments: int) -> tuple[Array, Array]:
    """Angles (segments + 1,) of a full turn and their points (segments + 1, 2); shared, not to be written to."""
    angles = np.linspace(0, 2 * math.pi, segments + 1, dtype=np.float32)
    return angles, np.stack([np.cos(angles), np.sin(angles)], 1)


def loft(sections: Sequence[tuple[float, float, float, float]], segments: int = 18) -> Mesh:
    """A closed body through ellipses from bottom to top: each (height, half width in x, half depth in y, middle in y)."""
    z, a, b, y = (np.asarray(column, np.float32)[:, None] for column in zip(*sections, strict=True))
    angles = np.linspace(0, 2 * math.pi, segments + 1, dtype=np.float32)
    grid = np.stack(np.broadcast_arrays(a * np.cos(angles), y + b * np.sin(angles), z), 2)
    around = np.stack(np.broadcast_arrays(-a * np.sin(angles), b * np.cos(angles), np.zeros_like(z)), 2)
    upward = np.gradient(grid, axis=0)
    uv = np.stack(np.broadcast_arrays(angles * a.max(), z), 2)
    side = _mesh(grid, _unit(np.cross(around, upward)), uv, _grid(len(sections), segments + 1))
    lids = [lathe(points, segments).scaled((float(a[k, 0]), float(b[k, 0]), 1)).moved((0, float(y[k, 0]), float(z[k, 0])))
            for k, points in ((0, [(0.0, 0.0), (1.0, 0.0)]), (-1, [(1.0, 0.0), (0.0, 0.0)]))]  # fmt: skip
    return merge([side, *lids])


def cylinder(radius: float, height: float, base: ArrayLike = (0.0, 0.0, 0.0), segments: int = 20, top: float | None = None) -> Mesh:
    """A closed cylinder, or a cone frustum where `top` gives the upper radius."""
    upper = radius if top is None else top
    side = lathe([(radius, 0.0), (upper, height)], segments)
    caps = [lathe([(0.0, 0.0), (radius, 0.0)], segments), lathe([(upper, height), (0.0, height)], segments)]
    return merge([side, *caps]).moved(base)


def ellipsoid(radii: ArrayLike, centre: ArrayLike = (0.0, 0.0, 0.0), rings: int = 10, segments: int = 18) -> Mesh:
    """An ellipsoid around centre."""
    angles = np.linspace(-math.pi / 2, math.pi / 2, rings + 1)
    ball = lathe([(max(math.cos(a), 0.0), math.sin(a)) for a in angles], segments)
    ball = Mesh(ball.positions, _unit(ball.positions.copy()), ball.uv, ball.triangles)
    return ball.scaled(radii).moved(centre)


def capsule(start: ArrayLike, end: ArrayLike, radius: float, end_radius: float | None = None) -> Mesh:
    """A limb: a round-ended cone from start to end."""
    a, b = np.asarray(start, np.float32), np.asarray(end, np.float32)
    last = radius if end_radius is None else end_radius
    length = float(np.linalg.norm(b - a))
    angles = np.linspace(0, math.pi / 2, 5)
    lower = [(radius * math.sin(t), -radius * math.cos(t)) for t in angles]
    upper = [(last * math.cos(t), length + last * math.sin(t)) for t in angles]
    return lathe(lower + upper, 14).turned(_frame((b - a) / max(length, 1e-6))).moved(a)


def sheet(width: float, height: float, depth: float, waves: float, columns: int = 64) -> Mesh:
    """A hanging cloth in the XZ plane: `waves` folds of amplitude depth along its width, wider at the bottom."""
    u = np.linspace(0, 1, columns, dtype=np.float32)
    phase = 2 * math.pi * waves * u
    rows = []
    for level, swell in ((0.0, 1.0), (height, 0.6)):
        rows.append(np.stack([(u - 0.5) * width, depth * swell * np.sin(phase), np.full_like(u, level)], 1))
    slope = depth * 2 * math.pi * waves / width * np.cos(phase)
    normal = _unit(np.stack([-slope, np.ones_like(u), np.zeros_like(u)], 1))
    positions = np.stack(rows)
    uv = positions[..., [0, 2]]
    return _mesh(positions, np.stack([normal, normal]), uv, _grid(2, columns))


@functools.cache
def _grid(rows: int, columns: int) -> NDArray[np.int64]:
    """Two triangles per cell of a grid of vertices; shared, not to be written to."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1, 1)
    return np.concatenate([corner + [0, 1, columns + 1], corner + [0, columns + 1, columns]])


def _mesh(positions: ArrayLike, normals: ArrayLike, uv: ArrayLike, triangles: ArrayLike) -> Mesh:
    return Mesh(
        np.asarray(positions, np.float32).reshape(-1, 3),
        np.asarray(normals, np.float32).reshape(-1, 3),
        np.asarray(uv, np.float32).reshape(-1, 2),
        np.asarray(triangles, np.uint32).reshape(-1, 3),
    )


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32)


def _frame(axis: Array) -> Array:
    helper = np.array([1.0, 0, 0], np.float32) if abs(axis[0]) < 0.9 else np.array([0, 1.0, 0], np.float32)
    x = _unit(np.cross(helper, axis))
    return np.stack([x, np.cross(axis, x), axis], 1).astype(np.float32)
