"""The training loop: one network, one pass over time, resumable at any checkpoint."""

from __future__ import annotations

import copy
import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mtdense_ros.data.augment import Augmentation
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.models import DenseNetwork, create_model
from mtdense_ros.models.mtdense import MtDense, change_features
from mtdense_ros.training.batches import Batch, Pairs, Prefetcher
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.losses import depth_loss, foreground_loss, labels_loss, normals_loss
from mtdense_ros.training.provenance import record_commit, record_start
from mtdense_ros.training.schedules import cosine_lr, ema_decay, progress
from mtdense_ros.training.validation import validate
from mtdense_ros.weights import convert_encoder_state_dict, find_weights, load_weights, read_foreign

CHECKPOINT = "checkpoint.pt"
ENCODER_KIND = "mobilenet_v2"
"""What the encoder of the networks that this loop trains is, for convert_encoder_state_dict."""
LOG_EVERY = 20

_log = logging.getLogger(__name__)


class Run:
    """Everything that a checkpoint holds: the network, its running average, the optimiser, the steps and seconds done."""

    def __init__(self, config: TrainConfig) -> None:
        torch.manual_seed(config.seed)
        net = create_model(config.arch)
        if not isinstance(net, MtDense):
            raise ConfigError(f"training: 'arch' is '{config.arch}'; this loop trains mtdense, whose parts share one encoder pass")
        self.config = config
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average: MtDense = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(_groups(self.net, config.weight_decay), lr=config.lr)
        self.step = 0
        self.elapsed_s = 0.0

    @property
    def share(self) -> float:
        """How far the run is, 0..1."""
        return progress(self.step, self.config.steps, self.elapsed_s, self.config.minutes)

    def start_from(self, path: Path) -> None:
        """Gives the encoder the weights of an ImageNet checkpoint. Raises WeightsError where they are not there or do not fit."""
        state = convert_encoder_state_dict(ENCODER_KIND, read_foreign(path))
        for net in (self.net, self.average):
            net.encoder.load_state_dict(state)

    def continue_from(self, name_or_path: str) -> Path:
        """Gives the network this package's weights of a name or path; returns their file. Raises WeightsError."""
        path = find_weights(name_or_path)
        net, _ = load_weights(path)
        try:
            for each in (self.net, self.average):
                each.load_state_dict(net.state_dict())
        except RuntimeError as error:
            raise WeightsError(f"training: 'start' is {path}, which is another network ({error}); name weights of this one") from error
        return path

    def save(self, path: Path) -> None:
        """Writes the run, atomically."""
        content = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "elapsed_s": self.elapsed_s,
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> None:
        """Continues what `save` wrote. Raises WeightsError on another network's checkpoint."""
        content = torch.load(path, weights_only=True)
        try:
            self.net.load_state_dict(content["net"])
            self.average.load_state_dict(content["average"])
            self.optimizer.load_state_dict(content["optimizer"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise WeightsError(f"{path}: is not a checkpoint of this training ({error}); choose another output folder") from error
        self.step, self.elapsed_s = content["step"], content["elapsed_s"]


def train(config: TrainConfig, data: Sequence[Path], out: Path) -> Run:
    """Trains until the configured steps or minutes are over, from the checkpoint in `out` if there is one.

    data: folders of rendered sets; shards that appear meanwhile join. out: folder for the checkpoint and log.jsonl.
    """
    out.mkdir(parents=True, exist_ok=True)
    record_commit(out)
    torch.set_num_threads(config.threads)
    pairs = Pairs(data, config.validation)
    run = Run(config)
    if (out / CHECKPOINT).exists():
        run.load(out / CHECKPOINT)
        _log.info("continues at step %d", run.step)
    elif config.encoder:
        run.start_from(Path(config.encoder))
        record_start(out, "ImageNet checkpoint that the encoder started from", Path(config.encoder))
    elif config.start:
        record_start(out, "weights that the training started from", run.continue_from(config.start))
    options = Augmentation() if config.augment else None
    batches = Prefetcher(pairs, config.seed, config.batch, options, config.loaders, run.step)
    clock = saved = time.monotonic()
    sums: dict[str, float] = {}
    while run.share < 1:
        batch = batches.take(size_at(config, run.share))
        losses = train_step(run, batch)
        now = time.monotonic()
        run.elapsed_s, clock = run.elapsed_s + now - clock, now
        sums = {key: sums.get(key, 0.0) + value for key, value in losses.items()}
        if run.step % LOG_EVERY == 0:
            _write(out, run, {key: value / LOG_EVERY for key, value in sums.items()}, pairs=pairs.training_size)
            sums = {}
        if now - saved > 60 * config.checkpoint_minutes:
            run.save(out / CHECKPOINT)
            pairs.refresh()
            _write(out, run, validate(run.average, pairs.validation(), (config.height, config.width)))
            saved = time.monotonic()
    batches.close()
    run.save(out / CHECKPOINT)
    _write(out, run, validate(run.average, pairs.validation(), (config.height, config.width)))
    return run


def train_step(run: Run, batch: Batch) -> dict[str, float]:
    """One step: losses, gradient, clip, update, average. Returns the losses by name and the rate."""
    config = run.config
    rate = cosine_lr(run.share, config.lr, run.step, config.warmup)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.net.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
        raw = forward_pairs(run.net, batch.images)
    losses = task_losses(raw, batch)
    total = torch.stack([getattr(config, f"weight_{task}") * loss for task, loss in losses.items()]).sum()
    run.optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(run.net.parameters(), config.clip)
    if torch.isfinite(norm):  # one bad batch must not end a night's run
        run.optimizer.step()
    update_average(run.average, run.net, ema_decay(run.step, config.ema))
    run.step += 1
    return {**{task: float(loss.detach()) for task, loss in losses.items()}, "gradient": float(norm), "lr": rate}


def forward_pairs(net: MtDense, images: Tensor) -> dict[str, Tensor]:
    """Raw outputs of images (2B, 3, H, W), frames first: the dense ones for all, foreground for the B pairs; one encoder pass."""
    half = len(images) // 2
    features = net.encode(images)
    raw = net.dense(features, [task for task in net.outputs if task != "foreground"])
    frames, backgrounds = (tuple(f[part] for f in features) for part in (slice(half), slice(half, None)))
    return {**raw, "foreground": net.change(frames, change_features(backgrounds))}


def task_losses(raw: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """The loss of each task, unweighted."""
    return {
        "labels": labels_loss(raw["labels"], batch.labels),
        "depth": depth_loss(raw["depth"][:, 0], batch.depth),
        "normals": normals_loss(raw["normals"], batch.normals),
        "foreground": foreground_loss(raw["foreground"][:, 0], batch.foreground),
    }


@torch.no_grad()
def update_average(average: DenseNetwork, net: DenseNetwork, decay: float) -> None:
    """Moves the average of weights and running statistics towards the network's."""
    for kept, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def size_at(config: TrainConfig, share: float) -> tuple[int, int]:
    """The network's (height, width) at a share of the run: three quarters of the full size at first."""
    if share < config.small_until:
        return config.height * 3 // 4, config.width * 3 // 4
    return config.height, config.width


def _groups(net: DenseNetwork, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for kernels, none for biases and BatchNorm."""
    parameters = list(net.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _write(out: Path, run: Run, values: dict[str, float], **more: float) -> None:
    line = {"step": run.step, "elapsed_s": round(run.elapsed_s, 1), **{k: round(v, 5) for k, v in values.items()}, **more}
    with (out / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    _log.info("%s", line)
