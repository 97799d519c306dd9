"""Runs an experiment: `python -m mtdense_ros.training.experiments.run CONFIG --sets train=renders:PATH ... --out RUNS`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import yaml

from mtdense_ros.data.datasets.description import DESCRIPTION
from mtdense_ros.data.datasets.folder import FolderSource
from mtdense_ros.data.datasets.folder_writer import write_file
from mtdense_ros.data.datasets.registry import open_source
from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.data.datasets.shards import read_manifest
from mtdense_ros.errors import ConfigError
from mtdense_ros.training.config import TrainConfig
from mtdense_ros.training.experiments.plan import Experiment, Trial, config_of, load_experiment, trials
from mtdense_ros.training.experiments.results import Outcome, Record
from mtdense_ros.training.logger import LOG
from mtdense_ros.training.loop import train
from mtdense_ros.training.provenance import recorded_commit
from mtdense_ros.training.state import changed_settings
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.weights import find_weights, read_card

OUTCOME, SETTINGS = "outcome.json", "settings.json"
"""In a trial's folder: what it came to, at its end, and what it was begun with."""

_OF_THE_MACHINE = ("device", "threads", "loaders", "checkpoint_minutes")

SCORE = "val_"
"""How the names of scores begin."""

_log = logging.getLogger(__name__)


def run_experiment(name: str, experiment: Experiment, sets: Mapping[str, str], out: Path, only: Sequence[str] = ()) -> Record:
    """Trains one trial after the other, each in out/NAME/ARM/SEED, and writes out/NAME.json after each.

    A finished trial is taken as it is, a stopped one goes on; the sets and teachers that the file names for other arms stay.
    sets, only: as for plan.config_of and plan.trials. Raises MtdenseError.
    """
    configs = {trial: config_of(experiment, trial, sets) for trial in trials(experiment, only)}
    for trial, config in configs.items():
        refuse_other_settings(out / name / str(trial), config)
    record, file = record_of(name, experiment, sets, configs), out / f"{name}.json"
    if file.exists():
        before = Record.read(file)
        record.sets, record.teachers = {**before.sets, **record.sets}, {**before.teachers, **record.teachers}
    for trial, config in configs.items():
        folder = out / name / str(trial)
        if not (folder / OUTCOME).exists():
            _log.info("%s, %s", name, trial)
            write_file(folder / SETTINGS, json.dumps(asdict(config)).encode())
            elapsed_s = train(config, folder).elapsed_s
            write_file(folder / OUTCOME, json.dumps(asdict(outcome_of(trial, config, folder, elapsed_s))).encode())
        files = [out / name / str(each) / OUTCOME for each in trials(experiment)]
        record.outcomes = [Outcome(**json.loads(each.read_text(encoding="utf-8"))) for each in files if each.exists()]
        record.write(file)
    return record


def refuse_other_settings(folder: Path, config: TrainConfig) -> None:
    """Raises ConfigError where a trial's folder was begun with other settings: its scores would not be those of this experiment."""
    path = folder / SETTINGS
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else asdict(config)
    changed = changed_settings(before, config, _OF_THE_MACHINE)
    if changed:
        raise ConfigError(f"{folder}: was trained with another {', '.join(changed)}; choose another --out, or remove it")


def outcome_of(trial: Trial, config: TrainConfig, folder: Path, elapsed_s: float) -> Outcome:
    """What a finished training came to."""
    lines = [json.loads(line) for line in (folder / LOG).read_text(encoding="utf-8").splitlines()]
    last = [line for line in lines if any(key.startswith(SCORE) for key in line)][-1]
    scores = {key: value for key, value in last.items() if key.startswith(SCORE) and value is not None}
    return Outcome(*trial, scores, config.steps, config.steps * config.batch, round(elapsed_s / 60, 1), recorded_commit(folder))


def record_of(name: str, experiment: Experiment, sets: Mapping[str, str], configs: Mapping[Trial, TrainConfig]) -> Record:
    """An experiment's record without any outcome."""
    cards = {trial.arm: read_card(find_weights(config.teacher.weights)) for trial, config in configs.items() if config.teacher.weights}
    return Record(
        name=name,
        score=experiment.score,
        sign=experiment.sign,
        reference=experiment.reference,
        settings=experiment.settings,
        arms=experiment.arms,
        sets={key: described_set(text) for key, text in sets.items()},
        teachers={arm: {key: getattr(card, key) for key in ("name", "sha256", "command")} for arm, card in cards.items()},
    )


def described_set(text: str) -> dict[str, Any]:
    """What makes a data set again, without where it lies here. Raises InputError."""
    source = open_source(text)
    entry: dict[str, Any] = {"name": source.name, "samples": len(source)}
    if isinstance(source, RenderedSource):
        return {**entry, "generator": read_manifest(source.root)["generator"]}
    if isinstance(source, FolderSource):
        made = yaml.safe_load((source.root / DESCRIPTION).read_text(encoding="utf-8")).get("provenance", {})
        return {**entry, **{key: made[key] for key in ("teachers", "existing", "min_confidence") if key in made}}
    return entry


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and runs; an interrupted series continues from its folder."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.training.experiments.run", description=__doc__)
    parser.add_argument("config", type=Path, help="YAML file of the experiment, see config/experiments")
    parser.add_argument("--sets", nargs="+", default=[], metavar="NAME=KIND:PATH", help="the data sets that $NAME stands for in the file")
    parser.add_argument("--out", type=Path, default=Path("runs/experiments"), help="folder for the runs (default %(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="ARM[/SEED]", help="train these only; finished others are counted in")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    run_experiment(options.config.stem, load_experiment(options.config), _sets(options.sets), options.out, options.only)


def _sets(words: Sequence[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for word, (name, separator, _) in zip(words, pairs, strict=True):
        if not separator or not name.isidentifier():
            raise ConfigError(f"--sets '{word}': is no NAME=KIND:PATH; write for example train=renders:sets/a")
    return {name: text for name, _, text in pairs}


if __name__ == "__main__":
    sys.exit(exit_code(main))
