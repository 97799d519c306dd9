"""Annotates a whole data set into a plain folder, sample by sample, so that a stopped run continues where it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.datasets.folder_writer import FolderWriter, write_file
from mtdense_ros.data.datasets.storage import DEPTH_FACTORS, holds
from mtdense_ros.data.pseudo_labels.labels import TEACHER, AnnotationOptions, Teacher, annotate_sample
from mtdense_ros.data.sample import Sample
from mtdense_ros.errors import InputError

RECIPE = "annotation.json"
"""A file in the folder that says how its samples are made. A later run continues only if it would make the same."""

_ORIGINS = "origin"


def open_folder(root: Path, recipe: Mapping[str, Any]) -> None:
    """Makes the folder with its recipe, or finds the same recipe in it. Raises InputError where it holds something else."""
    path = root / RECIPE
    try:
        stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        strange = stored is None and root.exists() and any(root.iterdir())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); choose another folder") from error
    if strange:
        raise InputError(f"{root}: is not empty and has no {RECIPE}; choose a new folder, or that of a stopped run")
    due = json.loads(json.dumps(recipe))
    if stored is None:
        write_file(path, (json.dumps(due, indent=2) + "\n").encode())
    elif stored != due:
        key = next(key for key in due if stored.get(key) != due[key])
        raise InputError(f"{path}: '{key}' is not what it was when this folder was begun; choose a new folder, or its settings")


def depth_factor(source: Source) -> float:
    """Stored values per metre that hold the first truth of a source exactly; the usual one without metric truths.

    Raises InputError where none of DEPTH_FACTORS does.
    """
    samples = (source[index] for index in range(len(source))) if source.depth_kind == "metric" else ()
    for sample in samples:
        if sample.depth is not None:
            found = [factor for factor in DEPTH_FACTORS if holds(sample.depth, factor)]
            if not found:
                raise _inexact(sample, "none of " + ", ".join(f"{factor:g}" for factor in DEPTH_FACTORS))
            return found[0]
    return DEPTH_FACTORS[0]


def annotate(source: Source, writer: FolderWriter, teacher: Teacher, options: AnnotationOptions, count: int, exact: bool) -> Iterator[bool]:
    """Writes the first `count` samples; after each, whether it was made now rather than found finished.

    exact: refuse metric truths that the depth factor would round. Raises InputError.
    """
    for index in range(count):
        marker = writer.root / _ORIGINS / f"{index:06d}.json"
        if marker.exists():
            yield False
            continue
        given = source[index]
        sample, origins = annotate_sample(given, teacher, options)
        kept = writer.depth_kind == "metric" and origins.get("depth", TEACHER) != TEACHER
        if exact and kept and given.depth is not None and not holds(given.depth, writer.depth_factor):
            raise _inexact(given, f"not {writer.depth_factor:g}")
        writer.put(marker.stem, sample)
        write_file(marker, (json.dumps({"name": sample.name, **origins}) + "\n").encode())  # last: it says that the rest is there
        yield True


def origin_counts(root: Path) -> dict[str, dict[str, int]]:
    """For each target, the number of finished samples by origin."""
    counts: dict[str, Counter[str]] = {}
    for path in sorted((root / _ORIGINS).glob("*.json")):
        origins = json.loads(path.read_text(encoding="utf-8"))
        for target in origins.keys() - {"name"}:
            counts.setdefault(target, Counter())[origins[target]] += 1
    return {target: dict(sorted(counts[target].items())) for target in sorted(counts)}


def _inexact(sample: Sample, which: str) -> InputError:
    text = f"its depth needs finer steps, {which} per metre; give --depth-factor N, which rounds to 1/N m"
    return InputError(f"sample '{sample.name}': {text}")
