"""RGB-D sequences in the layouts of TUM and OpenLORIS, written here."""

import cv2
import numpy as np
import pytest

from mtdense_ros.data.datasets.tum import TumSource
from mtdense_ros.errors import InputError

SENSORS = """%YAML:1.0
d400_color_optical_frame:
   width: 8
   height: 6
   intrinsics: !!opencv-matrix
      rows: 1
      cols: 4
      dt: d
      data: [ 10., 3.5, 11., 2.5 ]
"""


def sequence(root, colour, depth, colour_times, depth_times):
    """Picture i has the red value i, depth j the stored value 1000 (j + 1) but for its first pixel, 0."""
    for name, times in ((colour, colour_times), (depth, depth_times)):
        (root / name).mkdir()
        lines = ["# time file", *(f"{time:.6f} {name}/{time:.6f}.png" for time in times)]
        (root / f"{name}.txt").write_text("\n".join(lines) + "\n")
    for i, time in enumerate(colour_times):
        cv2.imwrite(str(root / f"{colour}/{time:.6f}.png"), np.full((6, 8, 3), (0, 0, i), np.uint8))
    for j, time in enumerate(depth_times):
        stored = np.full((6, 8), 1000 * (j + 1), np.uint16)
        stored[0, 0] = 0
        cv2.imwrite(str(root / f"{depth}/{time:.6f}.png"), stored)
    return root


def contents(source):
    return [(int(sample.image[0, 0, 0]), float(sample.depth[5, 7])) for sample in source]


def test_pictures_pair_with_the_nearest_depth_within_20_ms(tmp_path):
    source = TumSource(sequence(tmp_path, "rgb", "depth", [1.0, 1.033, 1.1, 2.0], [1.005, 1.019, 1.121, 2.019]))
    # 1.0 is nearest to 1.005 and 1.033 to 1.019; 1.1 is 21 ms from the next.
    assert contents(source) == [(0, pytest.approx(0.2)), (1, pytest.approx(0.4)), (3, pytest.approx(0.8))]
    assert np.isnan(source[0].depth[0, 0])
    assert (source.targets, source.label_space, source.depth_kind, source.licence) == (("depth",), None, "metric", "CC-BY-4.0")
    assert source[0].intrinsics is None and source[0].name == f"{tmp_path.name}/1.000000"


def test_no_depth_is_used_twice(tmp_path):
    assert contents(TumSource(sequence(tmp_path, "rgb", "depth", [1.0, 1.008], [1.007]))) == [(1, pytest.approx(0.2))]


def test_openloris_has_millimetres_aligned_depth_and_its_camera(tmp_path):
    sequence(tmp_path, "color", "aligned_depth", [1.0], [1.0])
    (tmp_path / "depth.txt").write_text("1.0 depth/none.png\n")
    (tmp_path / "sensors.yaml").write_text(SENSORS)
    source = TumSource(tmp_path)
    assert contents(source) == [(0, 1.0)]
    camera = source[0].intrinsics
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (10, 11, 3.5, 2.5)


def test_a_camera_beside_the_sequence_is_taken(tmp_path):
    sequence(tmp_path, "rgb", "depth", [1.0], [1.0])
    (tmp_path / "intrinsics.yaml").write_text("{width: 8, height: 6, fx: 9, fy: 9, cx: 3.5, cy: 2.5}")
    assert TumSource(tmp_path)[0].intrinsics.fx == 9
    (tmp_path / "intrinsics.yaml").write_text("{width: 8, height: 6, f: 9}")
    with pytest.raises(InputError, match=r"intrinsics\.yaml: found .* exactly width, height, fx"):
        TumSource(tmp_path)


def test_errors_name_the_file(tmp_path):
    with pytest.raises(InputError, match=r"neither rgb\.txt nor color\.txt"):
        TumSource(tmp_path)
    sequence(tmp_path, "rgb", "depth", [1.0], [3.0])
    with pytest.raises(InputError, match=r"no picture of rgb\.txt has depth"):
        TumSource(tmp_path)
    (tmp_path / "depth.txt").write_text("# comment\nnow depth/1.png\n")
    with pytest.raises(InputError, match=r"depth\.txt, line 2: found 'now depth/1\.png'"):
        TumSource(tmp_path)
    (tmp_path / "depth.txt").write_text("1.0 depth/gone.png\n")
    with pytest.raises(InputError, match=r"gone\.png: does not exist"):
        TumSource(tmp_path)[0]
    (tmp_path / "sensors.yaml").write_text("%YAML:1.0\nother: 1\n")
    with pytest.raises(InputError, match=r"sensors\.yaml: no d400_color"):
        TumSource(tmp_path)
