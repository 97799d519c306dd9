"""Models from binary glTF 2.0 (GLB) files: meshes, base colours and textures, read with trimesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import DependencyError, InputError
from mtdense_ros.synthetic.rendering.meshes import Mesh


@dataclass(frozen=True)
class Primitive:
    """A mesh with one material: base colour (r, g, b) in [0, 1] and its texture (H, W, 3) RGB uint8, or None."""

    mesh: Mesh
    color: tuple[float, float, float]
    texture: NDArray[np.uint8] | None


def read_glb(path: Path) -> list[Primitive]:
    """All primitives of a GLB file, in the frame of its scene.

    Raises InputError on a file that cannot be read as GLB, DependencyError where trimesh or Pillow is missing.
    """
    try:
        import PIL  # noqa: F401 (trimesh drops the textures silently without it)
        import trimesh
    except ImportError as error:
        raise DependencyError(f"models: {error.name} is not installed; pip install trimesh pillow, or run scripts/setup") from error
    try:
        scene: Any = trimesh.load_scene(path, file_type="glb", process=False)
    except Exception as error:  # trimesh raises whatever its parser met
        raise InputError(f"{path}: no readable GLB 2.0 file ({error}); export the model as binary glTF") from error
    placed = [(mesh, scene.graph[node][0]) for name, mesh in scene.geometry.items() for node in scene.graph.geometry_nodes[name]]
    if not placed:
        raise InputError(f"{path}: its scene shows no mesh; export the model with its scene")
    return [_primitive(mesh, pose) for mesh, pose in placed]


def _primitive(mesh: Any, pose: NDArray[np.float64]) -> Primitive:
    positions = (mesh.vertices @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32)
    triangles = np.asarray(mesh.faces, np.uint32)
    uv: NDArray[np.float32] = np.zeros((len(positions), 2), np.float32)
    if getattr(mesh.visual, "uv", None) is not None:
        uv = np.asarray(mesh.visual.uv, np.float32) * (1, -1) + np.array((0, 1), np.float32)  # glTF counts v from the top, trimesh up
    material = getattr(mesh.visual, "material", None)
    picture = getattr(material, "baseColorTexture", None)
    factor = getattr(material, "baseColorFactor", None)
    red, green, blue = (255, 255, 255) if factor is None else (int(v) for v in factor[:3])
    texture = None if picture is None else np.asarray(picture.convert("RGB"), np.uint8)
    shape = Mesh(positions, vertex_normals(positions, triangles), uv.astype(np.float32), triangles)
    return Primitive(shape, (red / 255, green / 255, blue / 255), texture)


def vertex_normals(positions: NDArray[np.float32], triangles: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Unit vertex normals (N, 3): the area-weighted mean of the faces that meet at each position, split vertices included."""
    corners = positions[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    _, shared = np.unique(np.round(positions, 4), axis=0, return_inverse=True)
    total = np.zeros((int(shared.max()) + 1, 3))
    np.add.at(total, shared.reshape(-1)[triangles.reshape(-1)], np.repeat(faces, 3, 0))
    normals = total[shared.reshape(-1)]
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12), np.float32)
