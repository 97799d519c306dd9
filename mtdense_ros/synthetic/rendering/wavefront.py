"""Models in Wavefront OBJ text with its MTL materials: one mesh per material."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.rendering.gltf import vertex_normals
from mtdense_ros.synthetic.rendering.meshes import Mesh

Indices = NDArray[np.int64]

_CORNER = 3
"""Numbers that describe a corner of a face: indices of position, texture coordinate and normal, counted from 1, 0 where absent."""


@dataclass(frozen=True)
class Material:
    """What is used of an MTL material: diffuse colour (r, g, b) in [0, 1], opacity 0..1, and the name of its picture, if any."""

    color: tuple[float, float, float] = (0.8, 0.8, 0.8)
    opacity: float = 1.0
    picture: str | None = None


def read_materials(text: str) -> dict[str, Material]:
    """The materials of an MTL file by name; numbers that cannot be read keep their defaults."""
    found: dict[str, dict[str, object]] = {}
    current: dict[str, object] = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "newmtl":
            current = found.setdefault(value.strip(), {})
        elif key == "Kd" and len(numbers := _numbers(value)) >= 3:
            current["color"] = tuple(min(max(v, 0.0), 1.0) for v in numbers[:3])
        elif key == "d" and (numbers := _numbers(value)):
            current["opacity"] = numbers[-1]
        elif key == "map_Kd" and value.strip():
            current["picture"] = value.strip()
    return {name: Material(**values) for name, values in found.items()}  # type: ignore[arg-type]


def read_obj(text: str, where: str) -> list[tuple[str, Mesh]]:
    """The faces of an OBJ file per material name, in the order of first use; polygons become fans of triangles.

    Texture coordinates count v from the top, as pictures do. Raises InputError, naming `where`, on text without faces or with
    indices beyond what it defines.
    """
    rows: dict[str, list[str]] = {"v": [], "vt": [], "vn": []}
    faces: dict[str, list[str]] = {}
    current = faces.setdefault("", [])
    for line in text.replace("\\\n", " ").splitlines():
        key, _, rest = line.partition(" ")
        if key == "f":
            current.append(rest)
        elif key in rows:
            rows[key].append(rest)
        elif key == "usemtl":
            current = faces.setdefault(rest.strip(), [])
    try:
        positions, uv, normals = _table(rows["v"], 3), _table(rows["vt"], 2), _table(rows["vn"], 3)
        counts = (len(positions), len(uv), len(normals))
        groups = [(name, _triangles(lines, counts)) for name, lines in faces.items() if lines]
        meshes = [(name, _mesh(corners, positions, uv, normals)) for name, corners in groups if len(corners)]
    except (ValueError, IndexError) as error:
        raise InputError(f"{where}: no readable OBJ model ({error}); leave it out or export it again") from error
    if not meshes:
        raise InputError(f"{where}: the OBJ model has no faces; leave it out")
    return meshes


def pictures_of(materials: Mapping[str, Material]) -> set[str]:
    """Names of all pictures that the materials show."""
    return {material.picture for material in materials.values() if material.picture is not None}


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        return []


def _table(lines: list[str], columns: int) -> NDArray[np.float32]:
    """Rows of numbers (N, columns); what stands behind them on a line (a weight, a colour) is dropped."""
    if not lines:
        return np.zeros((0, columns), np.float32)
    width = len(lines[0].split())
    flat = np.array(" ".join(lines).split(), np.float32)
    if flat.size != width * len(lines):
        flat = np.array([line.split()[:columns] for line in lines], np.float32).reshape(-1)
        width = columns
    return flat.reshape(-1, width)[:, :columns]


def _triangles(lines: list[str], counts: tuple[int, int, int]) -> Indices:
    """Corners (T, 3, 3) of the fans of all faces, as 0-based indices of position, texture coordinate and normal, -1 where absent."""
    words = [line.split() for line in lines]
    sizes = np.array([len(face) for face in words])
    corners = _corners([word for face in words for word in face])
    relative = corners < 0
    corners = np.where(relative, corners + counts, corners - 1)
    if ((corners >= counts) | (relative & (corners < 0)) | (corners[:, :1] < 0)).any():
        raise ValueError("a face names a vertex that is not there")
    starts = np.repeat(np.cumsum(sizes) - sizes, np.maximum(sizes - 2, 0))
    fan = np.concatenate([np.arange(1, size - 1) for size in sizes]) if len(sizes) else np.zeros(0, np.int64)
    return np.asarray(corners[np.stack([starts, starts + fan, starts + fan + 1], 1)])


def _corners(words: Iterable[str]) -> Indices:
    """(N, 3) numbers of corner words `v`, `v/vt`, `v//vn` or `v/vt/vn`."""
    padded = [word + "/0" * (_CORNER - 1 - word.count("/")) for word in words]
    return np.array("/".join(padded).replace("//", "/0/").split("/"), np.int64).reshape(-1, _CORNER)


def _mesh(corners: Indices, positions: NDArray[np.float32], uv: NDArray[np.float32], normals: NDArray[np.float32]) -> Mesh:
    flat = corners.reshape(-1, _CORNER)
    span = np.array([1, len(positions) + 1, (len(positions) + 1) * (len(uv) + 1)])
    _, first, index = np.unique((flat + 1) @ span, return_index=True, return_inverse=True)
    used = flat[first]
    triangles = index.reshape(-1, 3).astype(np.uint32)
    placed = np.ascontiguousarray(positions[used[:, 0]])
    texture = uv[used[:, 1]] if len(uv) else np.zeros((len(used), 2), np.float32)
    texture = np.where(used[:, 1:2] >= 0, texture, 0) * np.array((1, -1), np.float32) + np.array((0, 1), np.float32)
    given = np.where(used[:, 2:] >= 0, normals[used[:, 2]], 0) if len(normals) else np.zeros((len(used), 3), np.float32)
    length = np.linalg.norm(given, axis=1, keepdims=True)
    if (length > 1e-6).all():
        smooth = given / length
    else:
        smooth = np.where(length > 1e-6, given / np.maximum(length, 1e-6), vertex_normals(placed, triangles))
    return Mesh(placed, smooth.astype(np.float32), texture.astype(np.float32), triangles)
