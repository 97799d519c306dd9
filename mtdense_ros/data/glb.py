"""Reads binary glTF 2.0 (GLB): meshes, base colours and embedded textures; no animation, no extensions."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.meshes import Mesh
from mtdense_ros.errors import InputError

_COMPONENTS: dict[int, type[np.generic]] = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True)
class Primitive:
    """A mesh with one material: base colour (r, g, b) in [0, 1] and the encoded bytes of its texture, or None."""

    mesh: Mesh
    color: tuple[float, float, float]
    texture: bytes | None


def read_glb(path: Path) -> list[Primitive]:
    """All primitives of a GLB file in its own frame.

    Raises InputError on a file that is no GLB 2.0, or that transforms its nodes (the assets here have none).
    """
    data = path.read_bytes()
    if data[:4] != b"glTF" or struct.unpack_from("<I", data, 4)[0] != 2:
        raise InputError(f"{path}: no binary glTF 2.0 file; export the model as GLB")
    length = struct.unpack_from("<I", data, 12)[0]
    document: dict[str, Any] = json.loads(data[20 : 20 + length])
    binary = memoryview(data)[28 + length :]
    for node in document["nodes"]:
        if node.keys() & {"matrix", "rotation", "translation", "scale"}:
            raise InputError(f"{path}: node {node.get('name')!r} has a transform; apply all transforms before the export")
    return [_primitive(document, binary, primitive) for mesh in document["meshes"] for primitive in mesh["primitives"]]


def _primitive(document: dict[str, Any], binary: memoryview, primitive: dict[str, Any]) -> Primitive:
    attributes = primitive["attributes"]
    positions = _accessor(document, binary, attributes["POSITION"]).astype(np.float32)
    triangles = _accessor(document, binary, primitive["indices"]).reshape(-1, 3).astype(np.uint32)
    uv: NDArray[np.float32] = np.zeros((len(positions), 2), np.float32)
    if "TEXCOORD_0" in attributes:
        uv = _accessor(document, binary, attributes["TEXCOORD_0"]).astype(np.float32)
    material = document["materials"][primitive["material"]].get("pbrMetallicRoughness", {})
    color = material.get("baseColorFactor", [1.0, 1.0, 1.0, 1.0])
    mesh = Mesh(positions, vertex_normals(positions, triangles), uv, triangles)
    return Primitive(mesh, (float(color[0]), float(color[1]), float(color[2])), _texture(document, binary, material))


def _accessor(document: dict[str, Any], binary: memoryview, index: int) -> NDArray[Any]:
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    width = _WIDTHS[accessor["type"]]
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    values = np.frombuffer(binary, _COMPONENTS[accessor["componentType"]], accessor["count"] * width, start)
    return values.reshape(-1, width) if width > 1 else values


def _texture(document: dict[str, Any], binary: memoryview, material: dict[str, Any]) -> bytes | None:
    if "baseColorTexture" not in material:
        return None
    image = document["images"][document["textures"][material["baseColorTexture"]["index"]]["source"]]
    view = document["bufferViews"][image["bufferView"]]
    start = view.get("byteOffset", 0)
    return bytes(binary[start : start + view["byteLength"]])


def vertex_normals(positions: NDArray[np.float32], triangles: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Unit vertex normals (N, 3): the area-weighted mean of the faces that meet at each position, split vertices included."""
    corners = positions[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    _, shared = np.unique(np.round(positions, 4), axis=0, return_inverse=True)
    total = np.zeros((int(shared.max()) + 1, 3))
    np.add.at(total, shared.reshape(-1)[triangles.reshape(-1)], np.repeat(faces, 3, 0))
    normals = total[shared.reshape(-1)]
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12), np.float32)
