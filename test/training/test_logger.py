"""What a run logs while it goes on."""

import io
import json
import math
import sys

import numpy as np
import pytest

from mtdense_ros.imaging.visualization import colour_depth
from mtdense_ros.training.config import load_config
from mtdense_ros.training.distributed import ProcessGroup
from mtdense_ros.training.logger import LOG_EVERY, TrainingLogger
from mtdense_ros.training.state import Run
from mtdense_ros.training.validation import validation_image


@pytest.fixture
def run():
    return Run(load_config(None, ["steps=40", "threads=1", "model={width: 16, head_width: 8, change_widths: [8, 8, 8, 8]}"]))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_losses_are_means_over_twenty_steps_and_what_is_no_number_is_null(run, tmp_path):
    with TrainingLogger(tmp_path, run) as logger:
        for run.step in range(1, 2 * LOG_EVERY + 1):
            logger.step({"depth": float(run.step), "odd": math.nan}, 7)
        logger.evaluation({"val_abs_rel": 0.25}, None)
    first, second, scores = (json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines())
    assert first == {"step": 20, "elapsed_s": 0.0, "depth": 10.5, "odd": None, "samples": 7}
    assert second["depth"] == 30.5 and scores == {"step": 40, "elapsed_s": 0.0, "val_abs_rel": 0.25}


@pytest.mark.parametrize(("kind", "near", "far"), [("metric", 0.3, 10.0), ("relative", 0.0, 1.0)])
def test_the_picture_of_depth_uses_all_colours(kind, near, far):
    depth = np.array([[[near, far]]], np.float32)
    config = load_config(None, ["steps=1", f"depth_kind={kind}"])
    picture = validation_image(np.zeros((1, 2, 3), np.uint8), {"depth": depth}, {"depth": depth[0]}, config)
    ends = colour_depth(np.array([[1, 2]], np.float32), 1.0, 2.0)
    assert (picture[:, 2:] == ends).all()  # prediction above truth, right of the frame


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)], ids=["terminal", "file"])
def test_progress_is_for_terminals_only(run, tmp_path, monkeypatch, stream, shown):
    monkeypatch.setattr(sys, "stderr", stream)
    run.step, run.elapsed_s = 10, 60.0
    with TrainingLogger(tmp_path, run) as logger:
        logger.step({"depth": 1.0}, 7)
    assert stream.getvalue().startswith("\r[########                      ]  25.0 %  step 10  3 min left") == shown
    assert shown or not stream.getvalue()


def test_only_the_first_process_writes(run, tmp_path):
    run.group, run.step = ProcessGroup(1, 2), LOG_EVERY
    with TrainingLogger(tmp_path, run) as logger:
        logger.step({"depth": 1.0}, 7)
    assert not list(tmp_path.iterdir())
