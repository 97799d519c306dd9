"""docs/experiments.md from the committed scores: `python -m mtdense_ros.training.experiments.document`, in the root of the sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mtdense_ros.training.experiments.results import Record, compared, mean_of, verdict
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.tables import NONE, markdown_table, number

FIGURES = Path("docs/experiments")
"""NAME.md: what an experiment is and what came of it, by hand; NAME.json: its scores, if it has any, as experiments.run writes them."""

DOCUMENT = Path("docs/experiments.md")

_INTRODUCTION = """\
# Experiments

Made by `python -m mtdense_ros.training.experiments.document` from `docs/experiments`: `NAME.json` is what
`python -m mtdense_ros.training.experiments.run config/experiments/NAME.yaml --sets ...` writes, `NAME.md` is written by hand.

Arms differ in nothing but what the table names; runs of one seed begin alike and see the same samples in the same order. *Difference*
is the mean over the seeds of an arm's score minus that of the first arm with the same seed, *error* the standard error of that mean.
A difference below two standard errors is *not shown*. With three seeds that is a low bar: where nothing differs, chance passes it 18
times in 100, in one direction or the other. The error is that of the training's own chance (first weights, order of the samples): data
sets, teachers and held-out pictures are the same for all seeds. All scores are of held-out rendered frames.
"""


def document(folder: Path) -> str:
    """The document of all experiments in a folder, in the order of their names."""
    names = sorted({path.stem for path in folder.iterdir() if path.suffix in (".json", ".md")})
    return "\n".join([_INTRODUCTION, *(_section(folder, name) for name in names)])


def main() -> None:
    """Writes the document."""
    DOCUMENT.write_text(document(FIGURES), encoding="utf-8")


def _section(folder: Path, name: str) -> str:
    notes, scores = folder / f"{name}.md", folder / f"{name}.json"
    parts = [notes.read_text(encoding="utf-8") if notes.exists() else f"## {name}\n"]
    if scores.exists():
        record = Record.read(scores)
        parts += [_deciding(record), _others(record), _conditions(record)]
    return "\n".join(parts)


def _deciding(record: Record) -> str:
    """The table of the score that decides; a row per arm that was trained, the reference first."""
    better = "more" if record.sign > 0 else "less"
    arms = [record.reference, *(arm for arm in record.arms if arm != record.reference)]
    rows = [_row(record, arm) for arm in arms if record.scores(arm)]
    titles = ["arm", "seeds", f"{record.score} ({better} is better)", "difference", "error", "verdict"]
    return markdown_table(titles, rows, left=(0, 5))


def _row(record: Record, arm: str) -> Sequence[str]:
    scores = record.scores(arm)
    cells = [_words(arm), str(len(scores)), number(mean_of(scores), 4)]
    if arm == record.reference:
        return [*cells, NONE, NONE, NONE]
    comparison = compared(scores, record.scores(record.reference))
    return [*cells, number(comparison.mean, 4, sign="+"), number(comparison.standard_error, 4), verdict(comparison, record.sign)]


def _others(record: Record) -> str:
    """Means of all scores, for orientation."""
    names = list(dict.fromkeys(name for outcome in record.outcomes for name in outcome.scores if name != record.score))
    arms = [arm for arm in record.arms if record.scores(arm)]
    rows = [[_words(arm), *(number(mean_of(record.scores(arm, name)), 4) for name in names)] for arm in arms]
    return f"For orientation, the means of the other scores:\n\n{markdown_table(['arm', *names], rows, left=(0,))}" if names else ""


def _conditions(record: Record) -> str:
    """How long the runs were and on what."""
    minutes = [outcome.minutes for outcome in record.outcomes]
    samples = sorted({outcome.samples for outcome in record.outcomes})
    sets = ", ".join(f"`{key}` {entry['name']} ({entry['samples']} samples)" for key, entry in record.sets.items())
    seen = " or ".join(f"{number:,}" for number in samples)
    return f"{len(minutes)} runs of {seen} samples, {min(minutes):g} to {max(minutes):g} minutes each. Data sets: {sets}.\n"


def _words(name: str) -> str:
    return name.replace("_", " ")


if __name__ == "__main__":
    sys.exit(exit_code(main))
