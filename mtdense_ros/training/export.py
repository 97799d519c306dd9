"""Makes weights of a run: `python -m mtdense_ros.training.export RUN --weights weights/NAME [--checkpoint best-depth.pt]`."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.data.datasets.shards import read_manifest
from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.label_spaces import load_label_space, load_label_spaces
from mtdense_ros.models.base import TASKS
from mtdense_ros.training.forward import input_statistics, needs_pairs
from mtdense_ros.training.loop import LATEST
from mtdense_ros.training.mixture import Mixture, open_mixture
from mtdense_ros.training.provenance import recorded_command, recorded_commit, recorded_start
from mtdense_ros.training.state import Run, restored
from mtdense_ros.training.statistics import training_statistics
from mtdense_ros.training.train import with_rendered
from mtdense_ros.training.validation import validate
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.weights import save_weights

RENDERED_FROM = (
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
OWN_LICENCE = "Apache-2.0"
FREE_LICENCES = (OWN_LICENCE, "MIT")
"""Of what weights may start from without a decision on theirs: they ask for no more than a mention, which the card makes."""
_MULTIPLE = 32

_log = logging.getLogger(__name__)


def card_fields(run: Run, folder: Path, licence: str = "") -> dict[str, Any]:
    """What `save_weights` cannot know: the input, the meaning of the outputs, and where the weights come from.

    folder: of the run. licence: needed where a source is not rendered by this package, and where the weights that it started from or
    its teacher are under none of FREE_LICENCES. Raises ConfigError without it.
    """
    config, start = run.config, recorded_start(folder)
    mixture = open_mixture(config, run.targets, needs_pairs(run.net, run.targets))
    metric = {"kind": "metric", "min_m": config.depth_range_m[0], "max_m": config.depth_range_m[1], "focal_px": config.focal_px}
    origins = [*([start] if start else []), *_teacher(run)]
    foreign = [f"{source.name}: {source.licence}" for source in mixture.origins if not isinstance(source, RenderedSource)]
    foreign += [f"{entry['name']}: {entry.get('licence', 'unknown')}" for entry in origins if entry.get("licence") not in FREE_LICENCES]
    if foreign and not licence:
        listed = "; ".join(foreign)
        raise ConfigError(f"weights of {folder}: made of what has licences of its own ({listed}); say the weights' with --licence")
    return {
        "arch": config.arch,
        "input": {
            "height": config.height,
            "width": config.width,
            "resize": "area",
            "multiple": _MULTIPLE,
            **dataclasses.asdict(input_statistics(run.net)),
        },
        "label_space": named_spaces(config.label_space) if "labels" in run.net.outputs else None,
        "depth": None if "depth" not in run.net.outputs else metric if config.depth_kind == "metric" else {"kind": "relative"},
        "foreground": {"threshold": 0.5} if "foreground" in run.net.outputs else None,
        "metrics": [],
        "data": [*(_origin(source) for source in mixture.origins), _training(run, mixture), *origins],
        "licence": licence or OWN_LICENCE,
        "attribution": _attribution(run, mixture, start or {}),
        "commit": recorded_commit(folder),
        "command": recorded_command(folder),
    }


def named_spaces(text: str) -> str:
    """The names of the label spaces of a text, which may hold paths: a card is read where their files are not.

    Raises ConfigError for one that the package does not have by its name.
    """
    for space in load_label_spaces(text):
        try:
            known = load_label_space(space.name)
        except ConfigError:
            known = None
        if known != space:
            found = f"weights: of label space '{text}', which has no name elsewhere"
            raise ConfigError(f"{found}; copy its file to config/labels/{space.name}.yaml of the package, and export again")
    return "+".join(space.name for space in load_label_spaces(text))


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the averaged network of a run's checkpoint with its card; evaluation fills in the metrics afterwards."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.training.export", description=__doc__)
    parser.add_argument("run", type=Path, help="output folder of the training")
    parser.add_argument("--weights", type=Path, required=True, help="file to write, .safetensors may be left out")
    parser.add_argument("--checkpoint", default=LATEST, help="which of the run's (default %(default)s)")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="where its rendered sets are now, if they were moved")
    parser.add_argument("--licence", default="", help="of the weights, where sources have licences of their own")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run = restored(options.run / options.checkpoint)
    run.config = with_rendered(run.config, options.data)
    card = save_weights(options.weights, run.average, card_fields(run, options.run, options.licence))
    _log.info("%s: %d bytes, sha256 %s", options.weights, card.bytes, card.sha256)
    untrained = [key for key in card.outputs if key not in run.targets]
    if untrained:
        _log.warning("%s were no targets of this training; a network without them has fewer model.tasks", ", ".join(untrained))


def _origin(source: Source) -> dict[str, Any]:
    """A source on the card; of a rendered set the settings that make it again."""
    entry: dict[str, Any] = {"name": source.name, "licence": source.licence, "samples": len(source)}
    if isinstance(source, RenderedSource):
        return {**entry, "generator": read_manifest(source.root)["generator"], "sources": RENDERED_FROM}
    return entry


def _teacher(run: Run) -> list[dict[str, Any]]:
    card = run.teacher and run.teacher.card
    return [{"name": f"teacher: {card.name}", "sha256": card.sha256, "licence": card.licence}] if card else []


def _attribution(run: Run, mixture: Mixture, start: Mapping[str, Any]) -> str:
    """That of the renders, of the weights that it started from and of its teacher, each once."""
    own = ATTRIBUTION if any(isinstance(source, RenderedSource) for source in mixture.sources) else ""
    parts = (own, start.get("attribution", ""), run.teacher.card.attribution if run.teacher else "")
    return " ".join(dict.fromkeys(part for part in parts if part))


def _training(run: Run, mixture: Mixture) -> dict[str, Any]:
    """What happened, how well it went on held-out samples, and what the plain baselines must know of the training data."""
    scores, _ = validate(run, mixture.validation())
    if all(isinstance(source, RenderedSource) for source in mixture.sources):  # they know what the baselines need beyond the targets
        mixture = open_mixture(run.config, TASKS, pairs=False)
    return {
        "name": "this training",
        "targets": list(run.targets),
        "samples_seen": run.step * run.config.batch,
        "minutes": round(run.elapsed_s / 60, 1),
        "schedule_done": round(run.share, 3),
        "held_out": {key: round(value, 4) for key, value in scores.items() if value == value},
        **training_statistics(mixture, run.config.size_hw),
    }


if __name__ == "__main__":
    sys.exit(exit_code(main))
