"""The GLB reader against a file written by hand."""

import json
import struct

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.rendering.gltf import read_glb


def write_glb(path, node):
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32).tobytes()
    binary = positions + np.array([0, 1, 2, 0], np.uint16).tobytes()
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "buffers": [{"byteLength": len(binary)}],
        "nodes": [node],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.25, 1.0, 1.0]}}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 6}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(binary)
    header = b"glTF" + struct.pack("<II", 2, size) + struct.pack("<I4s", len(text), b"JSON")
    path.write_bytes(header + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary)


def test_glb_triangle_comes_back(tmp_path):
    write_glb(tmp_path / "a.glb", {"mesh": 0, "name": "a"})
    (primitive,) = read_glb(tmp_path / "a.glb")
    np.testing.assert_array_equal(primitive.mesh.positions, [[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(primitive.mesh.normals, [[0, 0, 1]] * 3)
    np.testing.assert_allclose(primitive.color, (0.5, 0.25, 1.0), atol=0.5 / 255)
    assert primitive.texture is None


def test_glb_node_is_placed_by_its_transform(tmp_path):
    write_glb(tmp_path / "a.glb", {"mesh": 0, "name": "a", "translation": [1, 2, 3]})
    (primitive,) = read_glb(tmp_path / "a.glb")
    np.testing.assert_array_equal(primitive.mesh.positions, [[1, 2, 3], [2, 2, 3], [1, 3, 3]])


def test_glb_that_is_none_is_refused(tmp_path):
    (tmp_path / "b.glb").write_bytes(b"solid stl")
    with pytest.raises(InputError, match="b.glb: no readable GLB"):
        read_glb(tmp_path / "b.glb")
