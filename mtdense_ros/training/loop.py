"""The training loop: any network, any of its targets, any mixture of sources; resumable at any checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from mtdense_ros.models import DenseNetwork
from mtdense_ros.training.batches import Batch, Prefetcher, make_batch, normalised
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.distributed import Stopclock, join_team
from mtdense_ros.training.forward import input_statistics, needs_only_pairs, needs_pairs, truth_of
from mtdense_ros.training.logger import TrainingLogger
from mtdense_ros.training.mixture import Mixture, open_mixture
from mtdense_ros.training.optimisers import rate_at, set_rate
from mtdense_ros.training.provenance import Start, record
from mtdense_ros.training.reduction import shared_batch
from mtdense_ros.training.schedules import ema_decay
from mtdense_ros.training.state import Run
from mtdense_ros.training.transfer import FEATURE_DISTANCE
from mtdense_ros.training.validation import improved, validate

LATEST = "latest.pt"

_log = logging.getLogger(__name__)


def train(config: TrainConfig, out: Path, command: str = "") -> Run:
    """Trains until the configured steps or minutes are over, from the checkpoint in `out` if there is one.

    out: folder for the checkpoints, log.jsonl and where the run comes from, `command` among it; what cannot start leaves none.
    Raises ConfigError, InputError, WeightsError.
    """
    torch.set_num_threads(config.threads)
    team = join_team(cuda=torch.cuda.is_available() and config.device != "cpu")
    run = Run(config, team)
    start = begin(run, out)
    mixture = open_mixture(config, run.targets, needs_pairs(run.net, run.targets), needs_only_pairs(run.net))
    if team.rank == 0:
        record(out, command, start)
    run.steps_per_epoch = sum(mixture.sizes) // config.batch
    make = partial(batch_of, run, mixture, team.rows(config.batch))
    clock = Stopclock(run.elapsed_s, team, config.checkpoint_minutes)
    with Prefetcher(make, run.step, config.loaders) as batches, TrainingLogger(out, run) as logger:
        while run.share < 1:
            logger.step(train_step(run, batches.take()), sum(mixture.sizes))
            run.elapsed_s = clock.read()
            if clock.checkpoint_due() or run.share == 1:
                checkpoint(run, mixture, out, logger)
                mixture.refresh()
    team.leave()
    return run


def begin(run: Run, out: Path) -> Start | None:
    """Continues from a folder's latest checkpoint, or starts from what the configuration names, which it returns."""
    config = run.config
    if (out / LATEST).exists():
        run.load(out / LATEST)
        _log.info("continues at step %d", run.step)
    elif config.encoder:
        return Start("weights that the encoder started from", run.start_from(config.encoder))
    elif config.start:
        return Start("weights that the training started from", run.continue_from(config.start))
    return None


def batch_of(run: Run, mixture: Mixture, rows: range, step: int) -> Batch:
    """This process's part of the batch of a step."""
    return make_batch(mixture, run.layout, run.config.seed, step, rows, size_at(run.config, run.share_at(step)), run.config.augment)


def train_step(run: Run, batch: Batch) -> dict[str, Tensor | float]:
    """One step: losses, gradient, clip, update, average. Returns the loss's terms by name, the gradient's norm and the rate."""
    config, statistics, batch = run.config, input_statistics(run.net), batch.to(run.device)
    rate = rate_at(config.optimiser, config.schedule, run.step, run.share, run.steps_per_epoch)
    set_rate(run.optimiser, rate)
    run.net.train()
    run.frozen.to_evaluation()
    images = normalised(batch.images, statistics.mean, statistics.std)
    before = [buffer.clone() for buffer in run.net.buffers()]
    with shared_batch(run.team.size):
        with torch.autocast(run.device.type, torch.float16 if config.amp == "fp16" else torch.bfloat16, enabled=config.amp != "fp32"):
            raw = run.forward(images, batch.paired)
            guidance = run.teacher.lesson(batch.images, raw) if run.teacher else {}
            if run.distance:
                guidance[FEATURE_DISTANCE] = run.distance.term(images)
        terms = {**run.recipe.terms(raw, truth_of(run.net, batch)), **guidance}
    run.optimiser.zero_grad(set_to_none=True)
    run.scaler.scale(run.recipe.total(terms)).backward()  # type: ignore[no-untyped-call]
    run.scaler.unscale_(run.optimiser)
    norm = torch.nn.utils.clip_grad_norm_(run.net.parameters(), config.clip or torch.inf)
    sound = bool(torch.isfinite(norm))
    if run.scaler.is_enabled() or sound:  # one bad batch must not end a night's run; the scaler looks for itself
        run.scaler.step(run.optimiser)
    run.scaler.update()
    if sound:
        update_average(run.average, run.net, ema_decay(run.step, config.ema))
    else:
        restore(run.net, before)
    run.step += 1
    return {**{name: term.detach() for name, term in terms.items()}, "gradient": norm, "lr": rate}


def checkpoint(run: Run, mixture: Mixture, out: Path, logger: TrainingLogger) -> None:
    """Scores the average on the held-out samples, and writes the run: the latest, and for each score the best so far."""
    if run.team.rank == 0:
        scores, image = validate(run, mixture.validation())
        better = improved(run.best, scores)
        for name in (LATEST, *better):
            run.save(out / name)
        logger.evaluation(scores, image)
    run.team.wait()


@torch.no_grad()
def update_average(average: DenseNetwork, net: DenseNetwork, decay: float) -> None:
    """Moves the average of weights and running statistics towards the network's."""
    for kept, new in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


@torch.no_grad()
def restore(net: DenseNetwork, buffers: Sequence[Tensor]) -> None:
    """Takes the running statistics back to what they were: BatchNorm has averaged in what a bad batch made of the features."""
    for buffer, before in zip(net.buffers(), buffers, strict=True):
        buffer.copy_(before)


def size_at(config: TrainConfig, share: float) -> tuple[int, int]:
    """The network's (height, width) at a share of the run: three quarters of the full size at first."""
    if share < config.small_until:
        return config.height * 3 // 4, config.width * 3 // 4
    return config.size_hw
