"""Scores on held-out renders: the only numbers that may steer a training."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from mtdense_ros.data.augment import cropped
from mtdense_ros.data.shards import FRAME, Pair
from mtdense_ros.evaluation.metrics import ConfusionMatrix, DepthMetrics, MaskMetrics, NormalMetrics
from mtdense_ros.models.mtdense import MtDense
from mtdense_ros.training.batches import collate


@torch.no_grad()
def validate(net: MtDense, pairs: Iterable[Pair], size_hw: tuple[int, int]) -> dict[str, float]:
    """Of the network, in evaluation mode, on clean pairs at its own resolution: one figure per output, frames only."""
    labels, depth = ConfusionMatrix(net.config["num_classes"]), DepthMetrics()
    normals, foreground = NormalMetrics(), MaskMetrics()
    for pair in pairs:
        batch = collate([cropped(pair, size_hw)])
        raw = net(batch.images[:1], batch.images[1:])
        labels.update(raw["labels"][FRAME].argmax(0).numpy(), batch.labels[FRAME].numpy())
        depth.update(raw["depth"][FRAME, 0].numpy(), batch.depth[FRAME].numpy())
        normals.update(np.moveaxis(raw["normals"][FRAME].numpy(), 0, -1), np.moveaxis(batch.normals[FRAME].numpy(), 0, -1))
        foreground.update(raw["foreground"][0, 0].numpy() > 0, batch.foreground[0].numpy() > 0.5)
    return {
        "val_mean_iou": labels.mean_iou,
        "val_abs_rel": depth.result()["abs_rel"],
        "val_normals_deg": normals.result()["mean_deg"],
        "val_foreground_iou": foreground.iou,
    }
