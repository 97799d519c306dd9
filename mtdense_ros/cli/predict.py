"""`mtdense predict`: the results of networks on single images, as picture files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.compressed import decode_compressed
from mtdense_ros.inference import EngineOptions
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.replay.arguments import add_weights
from mtdense_ros.replay.result_writer import FOLDERS, PICTURES, claim_folder, write_png, write_results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, with `run`, which takes them parsed."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="JPEG or PNG files")
    add_weights(parser)
    parser.add_argument("--background", type=Path, metavar="IMAGE", help="the reference frame; without one there is no mask")
    parser.add_argument("--focal", type=float, metavar="PX", help="focal length in pixels; without it, depth assumes that of the weights")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("predictions"), metavar="DIR", help="where results go (default %(default)s)")
    parser.set_defaults(run=lambda o: predict(o.images, o.weights, o.background, o.focal, o.device, o.out))


def predict(images: Sequence[Path], weights: Sequence[str], background: Path | None, focal: float | None, device: str, out: Path) -> None:
    """Writes out/RESULT/000000.png and so on for each image in turn, and says what was written. Raises MtdenseError."""
    pipeline = Pipeline(MultiPredictor.load(weights, options=EngineOptions(device=device)))
    if background is not None:
        pipeline.background.capture(read_image(background))
    claim_folder(out)
    for index, path in enumerate(images):
        rgb = read_image(path)
        results = pipeline.process(Frame(rgb, intrinsics=_camera(rgb, focal)), (*FOLDERS, *PICTURES))
        write_results(out, index, results, pipeline.networks.depth_is_relative)
        for name in PICTURES:
            if name in results:
                (out / name).mkdir(exist_ok=True)
                write_png(out / name / f"{index:06d}.png", results[name])
        sys.stdout.write(f"{path} -> {out}/*/{index:06d}.*: {', '.join(results)}\n")
        for name in FOLDERS:
            if name in results.missing:
                sys.stdout.write(f"  no {name}: {results.missing[name]}\n")
    depth = pipeline.networks.depth
    if focal is None and depth is not None and depth.kind == "metric":
        sys.stdout.write("depth assumes the focal length of the weights; give your camera's with --focal\n")


def read_image(path: Path) -> NDArray[np.uint8]:
    """A JPEG or PNG file as (H, W, 3) uint8 RGB. Raises InputError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"image {path}: cannot be read ({error.strerror}); correct the path") from error
    try:
        return decode_compressed(content, path.suffix.lower().removeprefix("."))
    except InputError as error:
        raise InputError(f"image {path}: {error}") from error


def _camera(rgb: NDArray[np.uint8], focal: float | None) -> Intrinsics | None:
    """A camera of that focal length whose axis goes through the image's centre."""
    height, width = rgb.shape[:2]
    return None if focal is None else Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
