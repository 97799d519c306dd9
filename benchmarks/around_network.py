"""What everything around the network costs at 640x480: whole frames, then each step as a multiple of a plain copy of its bytes.

Run: python -m benchmarks.around_network [--runs 300] [--json FILE], half a minute on a machine that does nothing else.
Writes docs/performance/around_network.json (--json); python -m benchmarks.document makes the tables of it.

A frame goes from the camera message's bytes to the bytes of all messages, with all outputs subscribed. The network's maps of it were
computed before.
Step and copy take turns, from and to memory that is there: times move between machines, the multiples less so.
"""

from __future__ import annotations

import argparse
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import around_tables, pictures, record
from benchmarks.common.machine import description
from mtdense_ros.datatypes import Frame, Intrinsics, LabelClass, LabelSpace
from mtdense_ros.engines.base import Engine
from mtdense_ros.geometry import camera_model, depth, ground_plane, point_cloud
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.imaging import compressed, encodings, transforms, visualization
from mtdense_ros.imaging.encodings import MessageBuffers
from mtdense_ros.inference import postprocess
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.utils import parallel
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.timing import Stopwatch

HEIGHT, WIDTH = SIZE = (480, 640)
CAMERA = Intrinsics(width=WIDTH, height=HEIGHT, fx=525.0, fy=525.0, cx=319.5, cy=239.5)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OUTPUTS = ("labels", "confidence", "depth", "normals", "foreground", "points")
BYTES_PER_PIXEL = {"mono8": 1, "bgra8": 4, "rgb8": 3, "bgr8": 3, "rgb16": 6, "mono16": 2, "uyvy": 2, "yuyv": 2}
ENCODINGS = ("rgb8", "bgr8", "bgra8", "mono8", "mono16", "rgb16", "bayer_rggb8", "uyvy", "yuyv", "nv12")
SPACE = LabelSpace("grey", tuple(LabelClass(i, str(i), (40 * i, 40 * i, 40 * i)) for i in range(6)))

Step = Callable[[], object]


class Recorded:
    """An engine that says again what another said of its first image."""

    def __init__(self, engine: Engine) -> None:
        self.name, self.device, self.precision, self.rule, self.may_stall = "recorded", engine.device, engine.precision, "", False
        self.counters: Counter[str] = Counter()
        self.encode_background, self.joined, self.close = engine.encode_background, engine.joined, engine.close
        self._engine = engine
        self._said: dict[str, NDArray[np.float32]] = {}

    def run(self, images: NDArray[np.float32], background: Any = None, outputs: Collection[str] | None = None) -> dict[str, Any]:
        """The maps, without any work from the second call on."""
        self._said = self._said or self._engine.run(images, background, outputs)
        return self._said


def frames(runs: int) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The ms of each stage of so many frames, and of a copy of the cloud's bytes after each: as it is, and in one thread, in turns."""
    predictor = Predictor.load("mtdense_indoor", device="cpu", engine="torch", size=SIZE)
    predictor._engine = Recorded(predictor._engine)
    pipeline, memory = Pipeline(predictor), MessageBuffers()
    pipeline.background.capture(pictures.background(SIZE))
    data = pictures.moving(SIZE)[8].tobytes()
    source, target = (np.ones(HEIGHT * WIDTH * point_cloud.POINT_STEP, np.uint8) for _ in range(2))
    samples = []
    for threads in (1, 0) * (runs + 1):
        with parallel.limit_threads(threads):
            watch = Stopwatch()
            frame = Frame(encodings.to_rgb(data, WIDTH, HEIGHT, "rgb8", 3 * WIDTH, buffers=memory), 0, "", CAMERA)
            watch.lap("decode")
            results = pipeline.process(frame, OUTPUTS, None, memory)
            watch.lap("pipeline")
            for name, values in results.items():
                encodings.as_bytes(message_values(name, values, memory))
            watch.lap("messages")
            np.copyto(target, source)
            watch.lap("copy")
            samples.append({**watch.laps, **results.timings})
    return samples[3::2], samples[2::2]


def message_values(name: str, values: NDArray[Any], memory: BufferPool) -> NDArray[Any]:
    """What a result's message holds, as ros/outputs.py has it."""
    if name == "confidence":
        return transforms.confidence_byte(values, memory.array(name, SIZE, np.uint8))
    return transforms.mask_byte(values, memory.array(name, SIZE, np.uint8)) if name == "foreground" else values


def decoding_steps(random: np.random.Generator) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for name in ENCODINGS:
        row, data = WIDTH * BYTES_PER_PIXEL.get(name, 1), random.bytes(WIDTH * HEIGHT * BYTES_PER_PIXEL.get(name, 1) * 3 // 2)
        steps[f"{name} to rgb"] = partial(encodings.to_rgb, data, WIDTH, HEIGHT, name, row, buffers=BufferPool())
    steps["jpeg to rgb"] = partial(compressed.decode_compressed, compressed.encode_jpeg(smooth_image()), "jpeg", BufferPool())
    return steps


def smooth_image() -> NDArray[np.uint8]:
    """A picture with some structure, because noise is no fair test of JPEG."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    waves = [127 + 120 * np.sin(rows / a) * np.cos(columns / b) for a, b in ((40, 70), (25, 33), (90, 50))]
    return np.stack(waves, axis=-1).astype(np.uint8)


def network_steps(random: np.random.Generator) -> dict[str, Step]:
    rgb = smooth_image()
    raw = {n: random.standard_normal((n, HEIGHT // 4, WIDTH // 4), dtype=np.float32) for n in (1, 3, 6, 40)}
    steps: dict[str, Step] = {
        f"normalise, {width}x{height}": partial(
            transforms.normalise, rgb, (height, width), MEAN, STD, np.empty((1, 3, height, width), np.float32), BufferPool()
        )
        for height, width in (SIZE, (192, 256))
    }
    steps |= {
        "depth to camera size": partial(transforms.resize_map, raw[1], SIZE, np.empty((1, *SIZE), np.float32)),
        "normals to camera size, unit length": partial(postprocess.normals_of, raw[3], SIZE, BufferPool()),
        "mask to camera size": partial(postprocess.foreground_of, raw[1], SIZE, 0.5, BufferPool()),
    }
    for n in (6, 40):
        for function in (transforms.labels_exact, transforms.labels_and_confidence, transforms.labels_fast):
            steps[f"{function.__name__}, {n} classes"] = partial(function, raw[n], SIZE, BufferPool())
    return steps


def geometry_steps(random: np.random.Generator) -> dict[str, Step]:
    distorted = camera_model.CameraModel(CAMERA, "plumb_bob", (-0.25, 0.08, 0.001, -0.002, -0.01))
    rgb, rays = smooth_image(), RayTable.of(CAMERA)
    metres = (1 + rgb[..., 0] / np.float32(64)).astype(np.float32)
    labels, confidence, mask = (metres * 1.5).astype(np.uint8), metres / metres.max(), rgb[..., 1] > 128
    normals = depth.normalise_normals(random.standard_normal((3, *SIZE), dtype=np.float32))
    cloud = point_cloud.pack_cloud(metres, rays, rgb, labels, confidence, mask, MessageBuffers())
    return {
        "depth range (REP-117)": partial(depth.apply_range, metres, 1.2, 4.5, BufferPool()),
        "depth to points": partial(rays.points, metres, BufferPool()),
        "cloud, 20 bytes per point": partial(point_cloud.pack_cloud, metres, rays, rgb, labels, confidence, mask, BufferPool()),
        "cloud, from a distorted camera": partial(
            point_cloud.pack_cloud, metres, camera_model.ray_table(distorted), rgb, labels, confidence, mask, BufferPool()
        ),
        "bytes of a cloud": partial(encodings.as_bytes, cloud),
        "bytes of an array from elsewhere": partial(encodings.as_bytes, rgb),
        "depth to millimetres": partial(depth.millimetres, metres, BufferPool()),
        "rectify": partial(camera_model.rectify, rgb, distorted, BufferPool()),
        "ground plane": partial(ground_plane.ground_plane, rays.points(metres), buffers=BufferPool()),
        "colour labels": partial(visualization.colour_labels, labels, SPACE, BufferPool()),
        "colour normals": partial(visualization.colour_normals, normals, BufferPool()),
        "foreground overlay": partial(visualization.overlay_foreground, rgb, mask, BufferPool()),
        "rgb to jpeg": partial(compressed.encode_jpeg, rgb, buffers=BufferPool()),
    }


def measured(name: str, step: Step, runs: int) -> dict[str, Any]:
    """The median ms of a step and of a copy; they alternate, so that both run under the same load."""
    source = result_bytes(step())
    copy: Step = partial(np.copyto, np.ones_like(source), source)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for function, record_of in zip((step, copy), times, strict=True):
            start = time.perf_counter()
            function()
            record_of.append(1e3 * (time.perf_counter() - start))
    step_ms, copy_ms = (float(np.median(of)) for of in times)
    return {"step": name, "ms": step_ms, "copy_ms": copy_ms, "multiple": step_ms / copy_ms}


def result_bytes(result: object) -> NDArray[np.uint8]:
    """As many bytes as a step returned; those of the image where it returns a few numbers."""
    parts = result if isinstance(result, tuple) else (result,)
    size = sum(part.nbytes if isinstance(part, np.ndarray) else len(part) for part in parts if isinstance(part, (np.ndarray, bytes, array)))
    return np.ones(size or HEIGHT * WIDTH * 3, np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="frames, and repetitions of each step")
    parser.add_argument("--json", type=Path, default=record.FOLDER / "around_network.json", help="where the figures are written")
    arguments = parser.parse_args()
    head = description()
    cv2.setNumThreads(1)  # as in the node
    random = np.random.default_rng(0)
    steps = {**decoding_steps(random), **network_steps(random), **geometry_steps(random)}
    samples, in_one_thread = frames(arguments.runs)
    content = {
        **head,
        "frames": samples,
        "frames_in_one_thread": in_one_thread,
        "steps": [measured(name, step, arguments.runs) for name, step in steps.items()],
    }
    record.write(arguments.json, content)
    print("In one thread:", around_tables.frames(in_one_thread), "As it is:", around_tables.frames(samples), sep="\n")
    print(around_tables.steps(content["steps"]))


if __name__ == "__main__":
    sys.exit(exit_code(main, "around_network"))
