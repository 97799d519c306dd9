"""The maps for navigation: one size, the nearest camera pixel of each map, and points that project to their own pixel."""

import numpy as np
import pytest
from scene_of_boxes import CAMERA, RAYS, view

from mtdense_ros.datatypes import Intrinsics, Prediction
from mtdense_ros.geometry.camera_model import CameraModel, ray_table
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.point_cloud import unpack_cloud
from mtdense_ros.pipeline.nav_maps import NavMaps, nav_size, resized_rays
from mtdense_ros.utils.buffers import BufferPool

H, W = CAMERA.height, CAMERA.width


@pytest.mark.parametrize(
    ("camera_hw", "chosen", "expected"),
    [
        ((480, 640), None, (240, 320)), ((720, 1280), None, (180, 320)), ((90, 122), None, (90, 122)),
        ((480, 640), (200, 400), (200, 400)), ((100, 200), (200, 400), (100, 200)),
    ],
)  # fmt: skip
def test_size(camera_hw, chosen, expected):
    assert nav_size(camera_hw, chosen) == expected


def maps_of(size_hw, depth=None, labels=None, foreground=None, edges=None, points_range=(0.0, np.inf)):
    seen, ids = view(boxes=[(-0.3, 0.3, 0.4, 2.0)])
    prediction = Prediction(
        labels=ids if labels is None else labels,
        confidence=np.full((H, W), 0.5, np.float32),
        depth=seen if depth is None else depth,
        foreground=foreground,
    )
    rgb = np.full((H, W, 3), 77, np.uint8)
    return NavMaps(rgb, prediction, edges, RAYS, points_range, size_hw, BufferPool())


def test_labels_are_nearest_and_never_mixed():
    ids = np.random.default_rng(0).choice(np.array([0, 6, 255], np.uint8), (H, W))
    assert set(np.unique(maps_of((100, 130), labels=ids).labels)) == {0, 6, 255}
    rows = np.repeat(np.arange(H, dtype=np.uint8)[:, None], W, axis=1)
    centres = (np.arange(100) + 0.5) * H / 100 - 0.5
    assert (np.abs(maps_of((100, 130), labels=rows).labels - centres[:, None]) <= 0.51).all()


def test_everything_is_of_one_size_and_one_pixel():
    depth = np.random.default_rng(0).uniform(1, 4, (H, W)).astype(np.float32)
    foreground = depth > 3
    labels = (depth * 50).astype(np.uint8)
    maps = maps_of((120, 160), depth, labels, foreground)
    assert maps.labels.shape == maps.confidence.shape == maps.points.shape[:2] == (120, 160)
    cloud = unpack_cloud(maps.points, 160, 120)
    z = cloud["points"][..., 2]
    assert np.array_equal((z * 50).astype(np.uint8), maps.labels) and np.array_equal(cloud["label"], maps.labels)
    assert np.array_equal(cloud["foreground"] > 0, z > 3)
    assert (cloud["confidence"] == 128).all() and (cloud["rgb"] == 77).all()


@pytest.mark.parametrize("size_hw", [(120, 160), (100, 133), (240, 320)])
def test_points_project_to_their_own_pixel_by_the_scaled_camera(size_hw):
    height, width = size_hw
    cloud = unpack_cloud(maps_of(size_hw).points, width, height)["points"]
    small = CAMERA.scaled(width, height)
    rows, columns = np.mgrid[:height, :width]
    finite = np.isfinite(cloud[..., 2])
    assert finite.all()
    assert np.allclose(small.fx * cloud[..., 0] / cloud[..., 2] + small.cx, columns, atol=0.01)
    assert np.allclose(small.fy * cloud[..., 1] / cloud[..., 2] + small.cy, rows, atol=0.01)


def test_rays_of_a_distorted_camera():
    model = CameraModel(CAMERA, "plumb_bob", (-0.2, 0.05, 0.001, 0.0, 0.0))
    small = CameraModel(CAMERA.scaled(160, 120), model.distortion_model, model.d)
    ours, exact = resized_rays(ray_table(model), (120, 160)), ray_table(small)
    assert np.abs(ours.x - exact.x).max() < 1e-3 and np.abs(ours.y - exact.y).max() < 1e-3


def test_edges_and_what_is_out_of_range_make_no_point():
    edges = np.zeros((H, W), bool)
    edges[:, :160] = True
    z = unpack_cloud(maps_of((120, 160), edges=edges, points_range=(0.0, 3.0)).points, 160, 120)["points"][..., 2]
    assert np.isnan(z[:, :80]).all() and np.nanmax(z) <= 3.0 and np.isfinite(z[-1, 80:]).all()


def test_what_a_network_lacks_is_none():
    prediction = Prediction(labels=view()[1])
    maps = NavMaps(np.zeros((H, W, 3), np.uint8), prediction, None, None, (0.0, np.inf), (60, 80), BufferPool())
    assert maps.points is None and maps.confidence is None and maps.labels.shape == (60, 80)


def test_the_cameras_own_size_changes_nothing():
    rays = resized_rays(RayTable.of(Intrinsics(8, 6, 5.0, 5.0, 3.5, 2.5)), (6, 8))
    assert np.array_equal(rays.x, RayTable.of(Intrinsics(8, 6, 5.0, 5.0, 3.5, 2.5)).x)
