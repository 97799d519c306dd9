"""What obstacles, free space, changes and the maps for navigation cost at 640x480, in processor time and as multiples of a plain copy.

Run: python -m benchmarks.navigation_cost [--runs 200] [--document docs/navigation.md], half a minute. It puts the figures into the
document, between the lines that mark them. Step and copy take turns, so that the multiple compares within one run whatever else the
machine does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.marked_text import put
from mtdense_ros.datatypes import Intrinsics, Prediction
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.geometry.depth_edges import depth_edges
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.pipeline.nav_maps import NavMaps
from mtdense_ros.pipeline.navigation import Navigation
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.replay.demo_sequence import load_demo
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.command_line import exit_code

MARK = "navigation cost: made by python -m benchmarks.navigation_cost"

Step = Callable[[], object]


def steps() -> dict[str, Step]:
    """Each on a frame of the demo sequence with its true depth, labels and mask."""
    shot = load_demo()[20]
    camera: Intrinsics | None = shot.frame.intrinsics
    assert camera is not None
    rays, options, buffers, space = RayTable.of(camera), PipelineOptions(), BufferPool(), load_label_space("indoor")
    confidence = np.full(shot.depth.shape, 0.8, np.float32)
    prediction = Prediction(shot.labels, confidence, shot.depth, None, shot.foreground)
    navigation = Navigation()

    def of_frame(make: str) -> object:
        return getattr(navigation.of_frame(prediction, space, rays, options, buffers), make)()

    def nav_points() -> object:
        return NavMaps(shot.frame.rgb, prediction, None, rays, (0.0, np.inf), (240, 320), buffers).points

    def clouds() -> object:
        frame = navigation.of_frame(prediction, space, rays, options, buffers)
        return frame.obstacles(), frame.clearing()

    return {
        "depth-edge rejection": partial(depth_edges, shot.depth, options.edge_threshold, buffers),
        "`~/obstacles`, with edges and ground plane": partial(of_frame, "obstacles"),
        "`~/clearing`, with edges and ground plane": partial(of_frame, "clearing"),
        "both": clouds,
        "`~/changes`, with edges": partial(of_frame, "changes"),
        "`~/nav/labels`, `confidence` and `points`": nav_points,
    }


def measured(step: Step, runs: int) -> tuple[float, float]:
    """The median ms of processor time of a step and of a copy of a depth map of 640x480; they alternate."""
    source = np.ones((480, 640), np.float32)
    target = np.empty_like(source)
    copy: Step = partial(np.copyto, target, source)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for function, record in zip((step, copy), times, strict=True):
            start = time.thread_time()
            function()
            record.append(1e3 * (time.thread_time() - start))
    step_ms, copy_ms = (float(np.median(of)) for of in times)
    return step_ms, copy_ms


def table(figures: dict[str, tuple[float, float]]) -> str:
    """The figures as Markdown."""
    rows = [f"| {name} | {ms:.2f} | {ms / copy_ms:.0f} |" for name, (ms, copy_ms) in figures.items()]
    return "\n".join(["| step | ms | multiple of a copy |", "|---|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="repetitions of each step")
    parser.add_argument("--document", type=Path, default=Path("docs/navigation.md"), help="where the figures are put")
    parsed = parser.parse_args(arguments)
    cv2.setNumThreads(1)  # as in the node
    text = table({name: measured(step, parsed.runs) for name, step in steps().items()})
    print(text)
    parsed.document.write_text(put(parsed.document.read_text(encoding="utf-8"), MARK, text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(exit_code(main))
