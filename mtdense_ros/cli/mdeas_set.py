"""Builds an MDEAS data set: `mtdense mdeas-set OUT --from-renders SET --teacher mtdense_indoor`.

The teacher is a network of this package; its depth becomes grey as `grey_depth` says.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.files import pictures_in
from mtdense_ros.data.datasets.shards import ShardSet
from mtdense_ros.data.mdeas.builder import Teacher, build
from mtdense_ros.data.mdeas.cutouts import write_sources
from mtdense_ros.data.mdeas.plan import Plan
from mtdense_ros.errors import ConfigError
from mtdense_ros.inference.predictor import Predictor

FAR_M = 4.0
"""Metric depth that becomes white unless the command says otherwise: rooms then have a mean grey like the published set's, 104 of 255."""


def grey_depth(depth: NDArray[np.float32], far_m: float) -> NDArray[np.float32]:
    """Depth of a network as a share in [0, 1], far is bright: depth / far_m, cut off at 1; unknown pixels count as far.

    far_m is 1 for relative depth, which is taken as it is.
    """
    shares: NDArray[np.float32] = np.clip(np.nan_to_num(depth / np.float32(far_m), nan=1.0, posinf=1.0, neginf=0.0), 0, 1)
    return shares


def teacher_of(name: str, device: str, far_m: float) -> Teacher:
    """The depth of weights by name or path, as `grey_depth`. Raises ConfigError where they give none of a single picture."""
    predictor = Predictor.load(name, device=device)
    spec = predictor.card.depth
    if spec is None or "depth" not in predictor.outputs or predictor.needs_background("depth"):
        raise ConfigError(f"teacher '{name}': gives no depth of a picture alone; choose weights that do (mtdense weights list)")
    unit = far_m if spec.kind == "metric" else 1.0

    def depth_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        depth = predictor.predict(rgb, outputs=("depth",)).depth
        assert depth is not None
        return grey_depth(depth, unit)

    return depth_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the builder."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.from_renders is not None:
        pairs = ShardSet(options.from_renders)
        backgrounds, cutouts = write_sources(pairs, options.out / "sources", options.background_count, options.cutout_count)
    elif options.backgrounds is not None and options.cutouts is not None:
        backgrounds = pictures_in(options.backgrounds)[: options.background_count]
        cutouts = pictures_in(options.cutouts)[: options.cutout_count]
    else:
        raise ConfigError("mdeas set: of what? give --from-renders SET, or both --backgrounds DIR and --cutouts DIR")
    plan = Plan(len(backgrounds), len(cutouts), tuple(options.scales), options.places, options.size, options.longest, options.seed)
    notes = {"teacher": options.teacher, "teacher_far_m": options.far, "licence": options.licence}
    teacher = teacher_of(options.teacher, options.device, options.far)
    held = build(options.out, backgrounds, cutouts, plan, teacher, options.pairs, notes)
    logging.getLogger(__name__).info("%s holds %d pairs", options.out, held)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mtdense mdeas-set", description="Build an MDEAS data set; a stopped run is taken up.")
    parser.add_argument("out", type=Path, help="folder of the set")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="pictures of scenes")
    parser.add_argument("--cutouts", type=Path, metavar="DIR", help="RGBA pictures of things")
    parser.add_argument("--from-renders", type=Path, metavar="SET", help="take both from a rendered set instead")
    parser.add_argument("--teacher", required=True, metavar="NAME", help="weights whose depth becomes the depth target")
    parser.add_argument("--far", type=float, default=FAR_M, metavar="M", help="metric depth that becomes white (default %(default)s)")
    parser.add_argument("--pairs", type=int, default=0, metavar="N", help="draw so many of all combinations (default: all)")
    parser.add_argument("--background-count", type=int, default=100, metavar="N", help="at most (default %(default)s)")
    parser.add_argument("--cutout-count", type=int, default=100, metavar="N", help="at most (default %(default)s)")
    parser.add_argument("--scales", type=float, nargs="+", default=list(Plan.scales), metavar="S", help="of cut-outs (default %(default)s)")
    parser.add_argument("--places", type=int, default=Plan.places, metavar="N", help="positions per scale (default %(default)s)")
    parser.add_argument("--size", type=int, default=Plan.size, metavar="PX", help="side of the square pictures (default %(default)s)")
    parser.add_argument("--longest", type=int, default=Plan.longest, metavar="PX", help="of a cut-out at scale 1 (default %(default)s)")
    parser.add_argument("--seed", type=int, default=Plan.seed, help="of the positions and the draw (default %(default)s)")
    parser.add_argument("--licence", default="unknown", help="of the pictures, for the set's settings.json (default %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default %(default)s)")
    return parser
