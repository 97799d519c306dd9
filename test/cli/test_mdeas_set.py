"""The command that builds an MDEAS data set with a network of this package as the teacher."""

import json

import cv2
import numpy as np
import pytest

from mtdense_ros.cli.mdeas_set import grey_depth, main, teacher_of
from mtdense_ros.data.mdeas.pairs import MdeasPairs
from mtdense_ros.errors import ConfigError, InputError


def test_grey_is_a_share_of_the_far_depth():
    depth = np.array([0.0, 2.5, 10.0, 30.0, np.nan, np.inf, -np.inf, -1.0], np.float32)
    np.testing.assert_allclose(grey_depth(depth, 10.0), [0, 0.25, 1, 1, 1, 1, 0, 0])


@pytest.mark.slow
def test_a_set_of_folders(tmp_path, picture, make_random_weights):
    for folder in ("backgrounds", "cutouts"):
        (tmp_path / folder).mkdir()
    for k in range(2):
        cv2.imwrite(str(tmp_path / f"backgrounds/{k}.png"), picture(k, 64, 80))
        cv2.imwrite(str(tmp_path / f"cutouts/{k}.png"), np.full((20, 10, 4), 255, np.uint8))
    weights = str(make_random_weights("mtdense"))
    folders = ["--backgrounds", str(tmp_path / "backgrounds"), "--cutouts", str(tmp_path / "cutouts")]
    plan = ["--scales", "1", "0.5", "--places", "1", "--size", "64", "--longest", "30", "--licence", "CC0-1.0", "--far", "5"]
    main([str(tmp_path / "set"), *folders, "--teacher", weights, *plan, "--device", "cpu"])
    source = MdeasPairs(tmp_path / "set", split="")
    assert len(source) == 2 * 2 * 2 * 2 and source.licence == "CC0-1.0"
    assert json.loads((tmp_path / "set/settings.json").read_text())["teacher_far_m"] == 5
    expected = teacher_of(weights, "cpu", 5.0)(source[3].image)
    assert 0.01 < expected.mean() < 0.99  # neither all black nor all white
    assert np.abs(source[3].depth - expected).mean() < 0.01  # JPEG lies between the two


@pytest.mark.slow
def test_unfit_teachers_and_missing_sources_are_refused(tmp_path, make_random_weights):
    with pytest.raises(ConfigError, match="gives no depth of a picture alone"):
        teacher_of(str(make_random_weights("mdeas")), "cpu", 10.0)
    with pytest.raises(ConfigError, match="give --from-renders SET, or both"):
        main([str(tmp_path), "--teacher", "x", "--backgrounds", str(tmp_path)])
    with pytest.raises(InputError, match="no pictures there"):
        main([str(tmp_path), "--teacher", "x", "--backgrounds", str(tmp_path), "--cutouts", str(tmp_path)])
