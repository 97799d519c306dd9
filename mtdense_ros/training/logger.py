"""The log of a training: lines of JSON, a line of progress on a terminal, and TensorBoard where that is installed."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mtdense_ros.training.state import Run
from mtdense_ros.utils.command_line import ProgressLine

LOG = "log.jsonl"
LOG_EVERY = 20

_log = logging.getLogger(__name__)


class TrainingLogger:
    """Writes into the folder `out` of a run, in the first of several processes only. A context manager."""

    def __init__(self, out: Path, run: Run) -> None:
        self._out = out
        self._run = run
        self._writes = run.group.rank == 0
        self._sums: dict[str, Any] = {}
        self._count = 0
        self._line = ProgressLine(period_s=0.2)
        self._board = _board(out) if self._writes else None

    def __enter__(self) -> TrainingLogger:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()
        if self._board is not None:
            self._board.close()

    def step(self, values: Mapping[str, Tensor | float], samples: int) -> None:
        """Takes what train_step returned; writes their means every 20 steps, with the number of samples in the data."""
        if not self._writes:
            return
        self._progress()
        self._sums = {key: self._sums.get(key, 0.0) + value for key, value in values.items()}
        self._count += 1
        if self._run.step % LOG_EVERY == 0:
            self._write({key: float(value) / self._count for key, value in self._sums.items()}, "train", samples=samples)
            self._sums, self._count = {}, 0

    def evaluation(self, scores: Mapping[str, float], image: NDArray[np.uint8] | None) -> None:
        """Writes the scores on held-out samples; image (H, W, 3): the validation image."""
        self._write(scores, "validation")
        if self._board is not None and image is not None:
            self._board.add_image("validation/first", image, self._run.step, dataformats="HWC")

    def _write(self, values: Mapping[str, float], group: str, **more: int) -> None:
        run = self._run
        known = {key: round(value, 6) if math.isfinite(value) else None for key, value in values.items()}
        line = {"step": run.step, "elapsed_s": round(run.elapsed_s, 1), **known, **more}
        with (self._out / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._line.clear()
        _log.info("%s", line)
        if self._board is not None:
            for key, value in values.items():
                self._board.add_scalar(f"{group}/{key}", value, run.step)

    def _progress(self) -> None:
        share = self._run.share
        left_s = self._run.elapsed_s * (1 - share) / share if share else math.nan
        done = "#" * round(30 * share)
        self._line.show(f"[{done:<30}] {100 * share:5.1f} %  step {self._run.step}  {left_s / 60:.0f} min left")


def _board(out: Path) -> Any:
    """A TensorBoard writer, or None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _log.info("no TensorBoard here, so no curves or pictures for it (pip install tensorboard); %s has every figure", out / LOG)
        return None
    return SummaryWriter(str(out / "tensorboard"))
