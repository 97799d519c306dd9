"""Makes weights of a run: `python -m mtdense_ros.training.export RUN --config YAML --data SET [SET ...] --weights weights/NAME`."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mtdense_ros.data.augment import cropped
from mtdense_ros.data.shards import FRAME, read_manifest
from mtdense_ros.training.batches import FOCAL_PX, MEAN, STD, Pairs, collate
from mtdense_ros.training.config import TrainConfig, load_config
from mtdense_ros.training.loop import CHECKPOINT, Run
from mtdense_ros.training.provenance import recorded_commit, recorded_start
from mtdense_ros.training.validation import validate
from mtdense_ros.weights import save_weights

SOURCES = (
    {"name": "AWS RoboMaker worlds, Amazon.com, Inc. or its affiliates: models and textures", "licence": "MIT-0"},
    {
        "name": "Gazebo models, Open Source Robotics Foundation, by Nathan Koenig and contributors",
        "licence": "CC BY 3.0, https://creativecommons.org/licenses/by/3.0/",
        "changes": "scaled, re-coloured, re-textured, placed into generated rooms and rendered",
    },
    {"name": "textures dedicated to the public domain", "licence": "CC0 1.0"},
)
"""What the renders were made from; no file of it is part of the weights."""

ATTRIBUTION = (
    "Trained on pictures rendered by mtdense_ros with Gazebo models by Nathan Koenig and contributors, Open Source Robotics Foundation "
    "(CC BY 3.0; changed: scaled, re-coloured, re-textured, placed into generated rooms), AWS RoboMaker models and textures (MIT-0) "
    "and CC0 textures."
)
MIN_M, MAX_M = 0.1, 20.0
STATISTICS_PAIRS = 500

_log = logging.getLogger(__name__)


def card_fields(run: Run, data: Sequence[Path], command: str, commit: str, start: Mapping[str, Any] | None) -> dict[str, Any]:
    """What `save_weights` cannot know: the input, the meaning of the outputs, and where the weights come from."""
    config, pairs = run.config, Pairs(data, run.config.validation)
    return {
        "arch": config.arch,
        "input": {"height": config.height, "width": config.width, "resize": "area", "multiple": 32, "mean": MEAN, "std": STD},
        "label_space": "indoor",
        "depth": {"kind": "metric", "min_m": MIN_M, "max_m": MAX_M, "focal_px": FOCAL_PX},
        "foreground": {"threshold": 0.5},
        "metrics": [],
        "data": [_renders(run, data, pairs), *([start] if start else [])],
        "licence": "Apache-2.0",
        "attribution": ATTRIBUTION,
        "commit": commit,
        "command": command,
    }


def statistics(pairs: Pairs, size_hw: tuple[int, int]) -> dict[str, Any]:
    """Of evenly spaced training frames, what the constant baselines need; see evaluation.baselines.TrainingStatistics."""
    labels, depths, per_focal, normals = np.zeros(256, np.int64), [], [], []
    for index in np.linspace(0, pairs.training_size - 1, min(STATISTICS_PAIRS, pairs.training_size)).astype(int).tolist():
        sample = cropped(pairs.training(index), size_hw)
        batch = collate([sample])
        depth = sample.depth[FRAME, ::8, ::8]
        depths.append(depth[np.isfinite(depth)])
        per_focal.append(depths[-1] / (sample.focal / size_hw[1]))
        labels += np.bincount(batch.labels[FRAME].numpy().ravel(), minlength=256)
        normals.append(sample.normals[FRAME].sum((0, 1)))
    mean = np.sum(normals, axis=0)
    return {
        "majority_class": int(labels[:255].argmax()),
        "median_depth_m": round(float(np.median(np.concatenate(depths))), 4),
        "median_depth_per_focal_m": round(float(np.median(np.concatenate(per_focal))), 4),
        "mean_normal": [round(float(v), 4) for v in mean / np.linalg.norm(mean)],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the averaged network of a run's checkpoint with its card; evaluation fills in the metrics afterwards."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.training.export", description=__doc__)
    parser.add_argument("run", type=Path, help="output folder of the training")
    parser.add_argument("--config", type=Path, required=True, help="YAML file of the training")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="the rendered sets that it used")
    parser.add_argument("--weights", type=Path, required=True, help="file to write, .safetensors may be left out")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = load_config(options.config)
    run = Run(config)
    run.load(options.run / CHECKPOINT)
    fields = card_fields(run, options.data, _command(config, options), recorded_commit(options.run), recorded_start(options.run))
    card = save_weights(options.weights, run.average.cpu(), fields)
    _log.info("%s: %d bytes, sha256 %s", options.weights, card.bytes, card.sha256)


def _renders(run: Run, data: Sequence[Path], pairs: Pairs) -> dict[str, Any]:
    config = run.config
    size_hw = (config.height, config.width)
    return {
        "name": "renders of mtdense_ros.data.generate",
        "sets": [{**read_manifest(root)["generator"], "pairs": sum(s["pairs"] for s in read_manifest(root)["shards"])} for root in data],
        "sources": SOURCES,
        "licence": "Apache-2.0, with the attribution of the sources",
        "pairs_seen": run.step * config.batch,
        "minutes": round(run.elapsed_s / 60, 1),
        "schedule_done": round(run.share, 3),
        "held_out_renders": {key: round(value, 4) for key, value in validate(run.average, pairs.validation(), size_hw).items()},
        "statistics": statistics(pairs, size_hw),
    }


def _command(config: TrainConfig, options: argparse.Namespace) -> str:
    sets = " ".join(root.name for root in options.data)
    return f"python -m mtdense_ros.training.train config/train/{options.config.name} --data {sets} --out {options.run.name}"


if __name__ == "__main__":
    main()
