"""Scores on held-out samples: the only numbers that may steer a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdense_ros.data.augment import fitted
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import LabelClass, LabelSpace
from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics
from mtdense_ros.geometry.depth import normalise_normals
from mtdense_ros.imaging.label_spaces import load_label_spaces
from mtdense_ros.imaging.visualization import colour_depth, colour_labels, colour_normals
from mtdense_ros.training.batches import FOREGROUND, collate, normalised
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.forward import TrainingPass, truth_of
from mtdense_ros.training.losses import ssim
from mtdense_ros.training.recipes import at_size
from mtdense_ros.training.state import Run
from mtdense_ros.weights.input_statistics import input_statistics

BEST = {
    "val_abs_rel": ("best-depth.pt", -1),
    "val_depth_ssim": ("best-depth.pt", 1),
    "val_foreground_iou": ("best-mask.pt", 1),
    "val_mean_iou": ("best-labels.pt", 1),
}
"""The file of the best checkpoint by each score, and whether more is better (1) or less (-1)."""

Arrays = Mapping[str, NDArray[Any]]
Rgb = NDArray[np.uint8]

_NEAR_M = 0.3
"""Where the colours of metric depth begin."""


@torch.no_grad()
def validate(run: Run, samples: Sequence[Callable[[], Sample]]) -> tuple[dict[str, float], Rgb | None]:
    """Scores of the averaged network on clean samples at its own resolution, without backgrounds, and a validation image of the first."""
    scores, image = Scores(run), None
    for read in samples:
        sample = fitted(read(), run.config.size_hw)
        raw, truth = predicted(run, sample)
        scores.update(raw, truth)
        if image is None:
            image = validation_image(sample.image, raw, truth, run.config)
    return scores.result(), image


def improved(best: dict[str, float], scores: Mapping[str, float]) -> list[str]:
    """The files of the scores that are better than those in `best`, which is updated."""
    files = []
    for name, (file, sign) in BEST.items():
        value = scores.get(name, np.nan)
        if np.isfinite(value) and (name not in best or sign * value > sign * best[name]):
            best[name] = value
            files.append(file)
    return files


def predicted(run: Run, sample: Sample) -> tuple[Arrays, Arrays]:
    """Raw outputs of the averaged network for a frame, (C, h, w) at the size of its truth, and the truth."""
    batch, statistics = collate([sample], run.layout).to(run.device), input_statistics(run.average)
    raw = TrainingPass(run.average, run.targets)(normalised(batch.images, statistics.mean, statistics.std), batch.paired)
    truth = truth_of(run.average, batch)
    first = {key: at_size(value[:1], truth[key])[0].float().cpu().numpy() for key, value in raw.items()}
    return first, {key: value[0].cpu().numpy() for key, value in truth.items()}


class Scores:
    """Metrics of the targets of a run.

    Metric depth has the absolute relative error; relative depth, as in MDEAS, and the mask with it have the structural similarity.
    """

    def __init__(self, run: Run) -> None:
        self._relative = run.config.depth_kind == "relative"
        self._labels = ConfusionMatrix(run.net.config.get("num_classes", 1))
        self._depth, self._normals, self._foreground = DepthMetrics(), NormalMetrics(), MaskMetrics()
        self._similarities: dict[str, list[float]] = {"depth": [], "foreground": []}
        self._targets = run.targets

    def update(self, raw: Arrays, truth: Arrays) -> None:
        """Adds a frame: see predicted()."""
        if "labels" in raw:
            self._labels.update(raw["labels"].argmax(0), truth["labels"])
        if self._relative:
            self._compare(raw, truth)
        elif "depth" in raw:
            self._depth.update(np.abs(raw["depth"][0]), truth["depth"])
        if "normals" in raw:
            self._normals.update(np.moveaxis(raw["normals"], 0, -1), np.moveaxis(truth["normals"], 0, -1))
        if "foreground" in raw:
            known = np.isfinite(truth["foreground"])
            self._foreground.update(raw["foreground"][0] > 0, truth["foreground"] > 0.5, known)

    def result(self) -> dict[str, float]:
        """The figures, NaN where no sample had the truth."""
        figures = {
            "labels": {"val_mean_iou": self._labels.mean_iou},
            "depth": {"val_abs_rel": self._depth.result()["abs_rel"]},
            "normals": {"val_normals_deg": self._normals.result()["mean_deg"]},
            "foreground": {"val_foreground_iou": self._foreground.iou},
        }
        if self._relative:
            depth, mask = (float(np.mean(values)) if values else float("nan") for values in self._similarities.values())
            figures |= {"depth": {"val_depth_ssim": depth}, "foreground": {**figures["foreground"], "val_mask_ssim": mask}}
        return {name: value for target in self._targets for name, value in figures[target].items()}

    def _compare(self, raw: Arrays, truth: Arrays) -> None:
        for key in self._similarities.keys() & raw.keys():
            if np.isfinite(truth[key]).any():
                found = _batched(raw[key][0])
                self._similarities[key].append(float(ssim(found.sigmoid() if key == FOREGROUND else found, _batched(truth[key]))))


def _batched(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values)[None, None]


def validation_image(image: Rgb, raw: Arrays, truth: Arrays, config: TrainConfig) -> Rgb:
    """The image and, to its right, a column per output: prediction above, truth below, each (H, W, 3) of the image's size."""
    columns = [np.vstack([image, np.zeros_like(image)])]
    for key in raw:
        cells = [_coloured(key, raw[key], config), _coloured(key, _as_raw(key, truth[key]), config)]
        size = image.shape[1::-1]
        columns.append(np.vstack([cv2.resize(cell, size, interpolation=cv2.INTER_NEAREST) for cell in cells]))
    return np.hstack(columns)


def _coloured(key: str, values: NDArray[Any], config: TrainConfig) -> Rgb:
    if key == "labels":
        ids = values[0] if values.dtype == np.uint8 else values.argmax(0).astype(np.uint8)
        return colour_labels(ids, joint_space(config.label_space))
    if key == "depth":
        depth = np.abs(values[0].astype(np.float32))
        if config.depth_kind == "relative":  # 0 to 1, and the colours need a positive range
            return colour_depth(depth + _NEAR_M, _NEAR_M, 1 + _NEAR_M)
        return colour_depth(depth, _NEAR_M, config.relative_max_m)
    if key == "normals":
        return colour_normals(normalise_normals(values.astype(np.float32)))
    return cv2.merge([np.where(values[0] > 0, 255, 0).astype(np.uint8)] * 3)  # type: ignore[return-value]


def _as_raw(key: str, truth: NDArray[Any]) -> NDArray[Any]:
    """A truth in the form of the raw output: with a channel axis, and positive where it is foreground."""
    if key == "normals":
        return truth
    return (truth - 0.5 if key == "foreground" else truth)[None]


def joint_space(text: str) -> LabelSpace:
    """The label spaces of a text as one."""
    classes = [(f"{space.name} {c.name}", c.color) for space in load_label_spaces(text) for c in space.classes]
    return LabelSpace(text, tuple(LabelClass(i, name, color) for i, (name, color) in enumerate(classes)))
