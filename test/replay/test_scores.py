"""Scores of results whose errors are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from mtdense_ros.replay.report import Scores

NAMES = ("foreground IoU", "foreground false area, frames without objects")


def truth(foreground):
    normals = np.zeros((2, 4, 3), np.float32)
    normals[..., 2] = -1
    depth = np.full((2, 4), 2.0, np.float32)
    return SimpleNamespace(labels=np.zeros((2, 4), np.uint8), depth=depth, normals=normals, foreground=foreground)


def test_each_output():
    """One of eight labels wrong, depth 10 % too far, normals turned by 90 degrees, half of the object found."""
    mask = np.zeros((2, 4), bool)
    mask[0] = True
    found = np.zeros((2, 4), np.uint8)
    found[0, :2] = 255
    labels = np.zeros((2, 4), np.uint8)
    labels[0, 0] = 1
    sideways = np.zeros((2, 4, 3), np.float32)
    sideways[..., 0] = 1
    scores = Scores(2)
    scores.update(truth(mask), {"labels": labels, "depth": np.full((2, 4), 2.2, np.float32), "normals": sideways, "foreground": found})
    result = scores.result()
    assert result["labels mean IoU"] == pytest.approx((7 / 8 + 0) / 2) and result["labels pixel accuracy"] == pytest.approx(7 / 8)
    assert result["depth abs rel"] == pytest.approx(0.1) and result["depth RMSE (m)"] == pytest.approx(0.2)
    assert result["normals mean angle (deg)"] == pytest.approx(90)
    assert result[NAMES[0]] == pytest.approx(0.5)


def test_frames_without_objects_count_by_their_false_area():
    scores = Scores(2)
    full, none = np.ones((2, 4), bool), np.zeros((2, 4), bool)
    stray = none.copy()
    stray[0, 0] = True
    scores.update(truth(full), {"foreground": full})
    scores.update(truth(none), {"foreground": stray})
    scores.update(truth(none), {"foreground": none})
    assert [scores.result()[name] for name in NAMES] == pytest.approx([1.0, 1 / 16])


def test_outputs_that_never_came_are_not_scored():
    scores = Scores(2)
    scores.update(truth(np.zeros((2, 4), bool)), {"depth": np.full((2, 4), 2.0, np.float32)})
    assert {name.split()[0] for name in scores.result()} == {"depth"}
