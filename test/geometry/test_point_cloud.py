"""The packed cloud, byte by byte, against struct and a structured dtype."""

import struct

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.geometry import point_cloud
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.utils import buffers

DEPTH = np.array([[4.0, np.nan]], np.float32)
RAYS = RayTable(np.array([[0.375, 1.0]], np.float32), np.array([[-0.5, 1.0]], np.float32))
RGB = np.array([[[1, 2, 3], [250, 128, 7]]], np.uint8)


def test_bytes_of_a_point():
    data = point_cloud.pack_cloud(DEPTH, RAYS, RGB, np.uint8([[4, 5]]), np.float32([[0.5, 1]]), np.array([[True, False]]))
    assert bytes(data[:20]) == struct.pack("<fffBBBBBBBB", 1.5, -2.0, 4.0, 3, 2, 1, 0, 4, 128, 255, 0)
    assert np.isnan(struct.unpack_from("<fff", data, 20)).all()
    assert struct.unpack_from("<I", data, 32)[0] == 0x00FA8007
    assert bytes(data[36:]) == bytes([5, 255, 0, 0])


def test_absent_maps_have_their_own_values():
    data = point_cloud.pack_cloud(DEPTH, RAYS, RGB)
    assert bytes(data[16:20]) == bytes([255, 0, 0, 0])


@pytest.mark.parametrize("strip_pixels", [buffers.STRIP_PIXELS, 14, 1])
def test_fields_describe_the_bytes(monkeypatch, strip_pixels):
    monkeypatch.setattr(buffers, "STRIP_PIXELS", strip_pixels)
    dtype = np.dtype(
        {
            "names": [f[0] for f in point_cloud.CLOUD_FIELDS],
            "formats": [{point_cloud.FLOAT32: "<f4", point_cloud.UINT8: "u1"}[f[2]] for f in point_cloud.CLOUD_FIELDS],
            "offsets": [f[1] for f in point_cloud.CLOUD_FIELDS],
            "itemsize": point_cloud.POINT_STEP,
        }
    )
    random = np.random.default_rng(0)
    depth = random.uniform(0.1, 9, (5, 7)).astype(np.float32)
    depth[2, 3:5] = np.inf, -np.inf
    rays = RayTable(*random.standard_normal((2, 5, 7)).astype(np.float32))
    rays.x[1, 1] = np.nan
    rgb = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    labels = random.integers(0, 6, (5, 7), dtype=np.uint8)
    confidence = random.random((5, 7)).astype(np.float32)
    mask = random.random((5, 7)) > 0.5
    cloud = point_cloud.pack_cloud(depth, rays, rgb, labels, confidence, mask).view(dtype).reshape(5, 7)
    for axis, name in enumerate("xyz"):
        np.testing.assert_array_equal(cloud[name], rays.points(depth)[..., axis])
    assert np.isnan(cloud["z"]).sum() == 3
    r, g, b = np.moveaxis(rgb.astype(np.uint32), -1, 0)
    np.testing.assert_array_equal(np.ascontiguousarray(cloud["rgb"]).view(np.uint32), r << 16 | g << 8 | b)
    np.testing.assert_array_equal(cloud["label"], labels)
    np.testing.assert_array_equal(cloud["confidence"], np.rint(confidence * 255))
    np.testing.assert_array_equal(cloud["foreground"], np.where(mask, 255, 0))


def test_unpack_is_the_inverse():
    labels, mask = np.uint8([[4, 255]]), np.array([[False, True]])
    cloud = point_cloud.unpack_cloud(point_cloud.pack_cloud(DEPTH, RAYS, RGB, labels, np.float32([[0, 1]]), mask).tobytes(), 2, 1)
    np.testing.assert_array_equal(cloud["points"], RAYS.points(DEPTH))
    np.testing.assert_array_equal(cloud["rgb"], RGB)
    assert cloud["label"].tolist() == [[4, 255]]
    assert cloud["confidence"].tolist() == [[0, 255]]
    assert cloud["foreground"].tolist() == [[0, 255]]


def test_a_confidence_in_bytes_is_refused():
    with pytest.raises(InputError, match=r"confidence is uint8, expected float in \[0, 1\]; divide bytes by 255"):
        point_cloud.pack_cloud(DEPTH, RAYS, RGB, confidence=np.uint8([[0, 128]]))


def test_maps_of_another_size_are_refused():
    with pytest.raises(InputError, match="labels has shape \\(2, 1\\)"):
        point_cloud.pack_cloud(DEPTH, RAYS, RGB, np.zeros((2, 1), np.uint8))
    with pytest.raises(InputError, match="depth has shape"):
        point_cloud.pack_cloud(DEPTH, RAYS, np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(InputError, match="depth map: shape"):
        point_cloud.pack_cloud(DEPTH[:, :1], RAYS, RGB)
    with pytest.raises(InputError, match="39 bytes are not 2x1 points of 20"):
        point_cloud.unpack_cloud(bytes(39), 2, 1)
