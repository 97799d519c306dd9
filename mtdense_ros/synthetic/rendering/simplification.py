"""Fewer triangles by vertex clustering: all vertices in one cell of a grid that face one way become one (Rossignac and Borrel, 1993)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.rendering.meshes import Mesh

_FINEST, _COARSEST, _STEP = 250.0, 12.0, 1.25
"""The first and last cell are that fraction of the model's extent; each is so much larger than the one before."""


def limited(meshes: Sequence[Mesh], triangles: int) -> list[Mesh]:
    """The meshes of one model, clustered ever more coarsely until they have at most that many triangles together.

    A model that still has more when a twelfth of it is one cell stays at that.
    """
    result = list(meshes)
    low = np.min([mesh.positions.min(0) for mesh in meshes], axis=0)
    high = np.max([mesh.positions.max(0) for mesh in meshes], axis=0)
    extent = float((high - low).max())
    cell = extent / _FINEST
    while sum(len(mesh.triangles) for mesh in result) > triangles and cell < extent / _COARSEST:
        result = [clustered(mesh, cell) for mesh in meshes]
        cell *= _STEP
    return result


def clustered(mesh: Mesh, cell: float) -> Mesh:
    """The mesh with one vertex per cell of `cell` metres and main direction of the normals; triangles that vanish are left out."""
    if not len(mesh.triangles):
        return mesh
    at = np.floor((mesh.positions - mesh.positions.min(0)) / cell).astype(np.int64)
    axis = np.abs(mesh.normals).argmax(1)
    way = 2 * axis + (np.take_along_axis(mesh.normals, axis[:, None], 1)[:, 0] < 0)
    span = at.max(0) + 1
    _, first, cluster = np.unique(((at[:, 0] * span[1] + at[:, 1]) * span[2] + at[:, 2]) * 6 + way, return_index=True, return_inverse=True)
    positions, normals = (_means(values, cluster, len(first)) for values in (mesh.positions, mesh.normals))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    faces = cluster[mesh.triangles]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    _, once = np.unique(np.sort(faces, 1) @ np.array([1, len(first), len(first) ** 2]), return_index=True)
    return Mesh(positions, normals, mesh.uv[first], faces[np.sort(once)].astype(np.uint32))


def _means(values: NDArray[np.float32], cluster: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    size = np.bincount(cluster, minlength=count)
    columns = [np.bincount(cluster, values[:, k], minlength=count) / size for k in range(values.shape[1])]
    return np.stack(columns, 1).astype(np.float32)
