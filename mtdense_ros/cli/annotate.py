"""`mtdense annotate`: a teacher network fills in the targets that a data set lacks."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mtdense_ros.data.datasets.folder_writer import FolderWriter
from mtdense_ros.data.datasets.registry import open_source
from mtdense_ros.data.datasets.storage import DEPTH_FACTORS
from mtdense_ros.data.pseudo_labels.labels import MIXED, TEACHABLE, TEACHER, TRUTH, AnnotationOptions, Teacher
from mtdense_ros.data.pseudo_labels.plan import plan_annotation
from mtdense_ros.data.pseudo_labels.run import annotate, depth_factor, open_folder, origin_counts
from mtdense_ros.errors import ConfigError, known_names
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor, plan_networks
from mtdense_ros.utils.command_line import Console, portable_command
from mtdense_ros.weights import Card, read_card

_ORIGINS = {TRUTH: "truths", TEACHER: "by the teacher", MIXED: "truths filled in by the teacher"}

_EXISTING = {
    "keep": ("--keep-existing", "truths stay as they are (default)"),
    "fill": ("--fill-pixels", "truths stay, and their unknown pixels are filled in"),
    "replace": ("--replace", "the teacher's answer replaces truths"),
    "drop": ("--only-taught", "pictures and the teacher's answers only: for the 'fill' of a training source"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares them."""
    teacher_help = "weights by name or path: each target comes from the first that makes it"
    factor_help = "stored values per metre, to which truths are rounded (default: what holds them exactly)"
    parser.add_argument("source", metavar="SOURCE", help="the data set: KIND:PATH or KIND:PATH@SPLIT, for example folder:~/data/mine")
    parser.add_argument("--teacher", required=True, type=_listed, metavar="NAME[,NAME]", help=teacher_help)
    parser.add_argument("--targets", required=True, type=_targets, metavar="A,B", help=f"what to fill in: of {', '.join(TEACHABLE)}")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new folder, or that of a stopped run")
    existing = parser.add_mutually_exclusive_group()
    for mode, (flag, text) in _EXISTING.items():
        existing.add_argument(flag, dest="existing", action="store_const", const=mode, help=text)
    parser.add_argument("--min-confidence", type=float, default=0.0, metavar="P", help="labels of lower probability become unlabelled")
    parser.add_argument("--limit", type=_positive(int), metavar="N", help="the first N pictures only")
    parser.add_argument("--depth-factor", type=_positive(float), metavar="N", help=factor_help)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default %(default)s)")
    parser.set_defaults(run=run, existing="keep")


def run(options: argparse.Namespace) -> None:
    """Writes the annotated folder. Raises MtdenseError."""
    source = open_source(options.source)
    cards = _cards(options.teacher)
    plan = plan_annotation(source, options.targets, cards)
    annotation = AnnotationOptions(options.targets, options.existing, options.min_confidence, plan.table)
    truths, camera = options.existing != "drop", source[0].intrinsics
    factor = options.depth_factor or (depth_factor(source) if truths else DEPTH_FACTORS[0])
    writer = FolderWriter(options.out, source.licence, plan.label_space, plan.depth_kind, factor, camera if truths else None)
    provenance = _provenance(options.source, annotation, cards)
    networks = MultiPredictor.load(options.teacher, label_space=plan.teacher_space, options=EngineOptions(device=options.device))
    _refuse_background(networks, annotation.targets)
    open_folder(options.out, {**provenance, **_shared(writer)})
    console = Console("annotate")
    if "depth" in annotation.targets and camera is None:
        console.say("depth assumes the focal length of the weights: the data set names no intrinsics")
    count = min(options.limit or len(source), len(source))
    _run_steps(annotate(source, writer, _teacher(networks), annotation, count, options.depth_factor is None), count, console)
    counts = origin_counts(options.out)
    writer.describe({"command": _command(options), **provenance, "pictures": counts})
    for target, origins in counts.items():
        console.say(f"{target}: " + ", ".join(f"{number} {_ORIGINS[origin]}" for origin, number in origins.items()))


def _run_steps(steps: Iterable[bool], count: int, console: Console) -> None:
    """Runs the steps of `annotate`, and says how far and how fast it is."""
    made, start = 0, time.monotonic()
    for done, new in enumerate(steps, 1):
        made += new
        console.progress(f"{done} of {count} pictures, {made / (time.monotonic() - start):.1f} per second")
    rate = f" ({made / (time.monotonic() - start):.1f} per second)" if made else ""
    console.say(f"{made} pictures annotated{rate}, {count - made} were finished before")


def _teacher(networks: MultiPredictor) -> Teacher:
    return lambda rgb, intrinsics, outputs: networks.predict(rgb, intrinsics, outputs=outputs)


def _cards(teachers: tuple[str, ...]) -> dict[str, Card]:
    """The card of the network that makes each output."""
    weights, routes = plan_networks(teachers)
    return {output: read_card(weights[name]) for output, name in routes.items()}


def _refuse_background(networks: MultiPredictor, targets: tuple[str, ...]) -> None:
    for target in targets:
        if networks.needs_background(target):
            name = networks.routes[target]
            raise ConfigError(f"teacher '{name}': makes {target} of a frame and its background only; choose another teacher")


def _provenance(source: str, annotation: AnnotationOptions, cards: Mapping[str, Card]) -> dict[str, Any]:
    """What made the annotations: enough to make them again."""
    teachers = {target: {key: getattr(cards[target], key) for key in ("name", "sha256", "licence")} for target in annotation.targets}
    return {"source": source, "teachers": teachers, "existing": annotation.existing, "min_confidence": annotation.min_confidence}


def _shared(writer: FolderWriter) -> dict[str, Any]:
    return {key: value for key, value in asdict(writer).items() if key != "root"}


def _command(options: argparse.Namespace) -> str:
    words = ["mtdense", "annotate", options.source, "--teacher", ",".join(options.teacher), "--targets", ",".join(options.targets)]
    words += ["--out", str(options.out), _EXISTING[options.existing][0], "--min-confidence", f"{options.min_confidence:g}"]
    words += ["--limit", str(options.limit)] if options.limit else []
    words += ["--depth-factor", f"{options.depth_factor:g}"] if options.depth_factor else []
    return portable_command(words)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _targets(text: str) -> tuple[str, ...]:
    names = _listed(text)
    for name in names:
        if name not in TEACHABLE:
            raise argparse.ArgumentTypeError(f"'{name}' is none that a teacher fills in; {known_names(name, TEACHABLE)}")
    return tuple(target for target in TEACHABLE if target in names)


def _positive(kind: type[int] | type[float]) -> Any:
    def number(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    number.__name__ = kind.__name__  # what argparse names where the text is no number at all
    return number
