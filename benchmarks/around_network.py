"""What each step around the network costs at 640x480, in ms and as a multiple of a plain copy of the result's bytes.

Run: python -m benchmarks.around_network [--runs 100]

Times move between machines and with what else runs; the multiples hold, because step and copy take turns within one run.
"""

from __future__ import annotations

import argparse
import time
from array import array
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros import clouds, colour, encodings, geometry, ground, rectify, transforms
from mtdense_ros.records import Intrinsics, LabelClass, LabelSpace

HEIGHT, WIDTH = SIZE = (480, 640)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BYTES_PER_PIXEL = {"mono8": 1, "bgra8": 4, "rgb8": 3, "bgr8": 3, "rgb16": 6, "mono16": 2, "uyvy": 2, "yuyv": 2}
ENCODINGS = ("rgb8", "bgr8", "bgra8", "mono8", "mono16", "rgb16", "bayer_rggb8", "uyvy", "yuyv", "nv12")
SPACE = LabelSpace("grey", tuple(LabelClass(i, str(i), (40 * i, 40 * i, 40 * i)) for i in range(6)))

Step = Callable[[], object]


def median_ms(step: Step, copy: Step, runs: int) -> tuple[float, float]:
    """The median time of a step and of the copy beside it, in ms; they alternate so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for function, record in zip((step, copy), times, strict=True):
            start = time.perf_counter()
            function()
            record.append(time.perf_counter() - start)
    return float(np.median(times[0]) * 1e3), float(np.median(times[1]) * 1e3)


def decoding_steps(random: np.random.Generator) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for name in ENCODINGS:
        row = WIDTH * BYTES_PER_PIXEL.get(name, 1)
        steps[f"{name} to rgb"] = partial(encodings.to_rgb, random.bytes(row * HEIGHT * 3 // 2), WIDTH, HEIGHT, name, row)
    steps["jpeg to rgb"] = partial(encodings.decode_compressed, encodings.encode_jpeg(smooth_image()), "jpeg")
    return steps


def smooth_image() -> NDArray[np.uint8]:
    """A picture with some structure, because noise is no fair test of JPEG."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    waves = [127 + 120 * np.sin(rows / a) * np.cos(columns / b) for a, b in ((40, 70), (25, 33), (90, 50))]
    return np.stack(waves, axis=-1).astype(np.uint8)


def network_steps(random: np.random.Generator) -> dict[str, Step]:
    rgb = smooth_image()
    logits = {n: random.standard_normal((n, HEIGHT // 4, WIDTH // 4), dtype=np.float32) for n in (6, 40)}
    steps: dict[str, Step] = {
        "normalise, camera size": partial(transforms.normalise, rgb, SIZE, MEAN, STD),
        "normalise, 256x192": partial(transforms.normalise, rgb, (192, 256), MEAN, STD),
        "depth to camera size": partial(transforms.resize_map, logits[6][:1], SIZE),
    }
    for n, values in logits.items():
        steps[f"labels_exact, {n} classes"] = partial(transforms.labels_exact, values, SIZE)
        steps[f"labels_and_confidence, {n} classes"] = partial(transforms.labels_and_confidence, values, SIZE)
        steps[f"labels_fast, {n} classes"] = partial(transforms.labels_fast, values, SIZE)
    return steps


def geometry_steps(random: np.random.Generator) -> dict[str, Step]:
    camera = Intrinsics(width=WIDTH, height=HEIGHT, fx=525.0, fy=525.0, cx=319.5, cy=239.5)
    distorted = rectify.CameraModel(camera, "plumb_bob", (-0.25, 0.08, 0.001, -0.002, -0.01))
    rgb = smooth_image()
    depth = (1 + rgb[..., 0] / np.float32(64)).astype(np.float32)
    points = geometry.depth_to_points(depth, camera)
    normals = random.standard_normal((3, *SIZE), dtype=np.float32)
    labels = (depth * 1.5).astype(np.uint8)
    confidence, mask = depth / depth.max(), rgb[..., 1] > 128
    cloud = clouds.pack_cloud(points, rgb, labels, confidence, mask)
    return {
        "depth range (REP-117)": partial(geometry.apply_range, depth, 1.2, 4.5),
        "depth to points": partial(geometry.depth_to_points, depth, camera),
        "normals to unit": partial(geometry.normalise_normals, normals),
        "rectify": partial(rectify.rectify, rgb, distorted),
        "ground plane": partial(ground.ground_plane, points),
        "pack_cloud, 20 B per point": partial(clouds.pack_cloud, points, rgb, labels, confidence, mask),
        "as_bytes, cloud": partial(encodings.as_bytes, cloud),
        "as_bytes, rgb": partial(encodings.as_bytes, rgb),
        "colour labels": partial(colour.colour_labels, labels, SPACE),
        "colour depth": partial(colour.colour_depth, depth, 1.0, 5.0),
        "colour normals": partial(colour.colour_normals, points),
        "foreground overlay": partial(colour.overlay_foreground, rgb, mask),
        "rgb to jpeg": partial(encodings.encode_jpeg, rgb),
    }


def result_bytes(result: object) -> NDArray[np.uint8]:
    """As many bytes as a step returned; those of the image where it returns a few numbers."""
    parts = result if isinstance(result, tuple) else (result,)
    size = sum(part.nbytes if isinstance(part, np.ndarray) else len(part) for part in parts if isinstance(part, (np.ndarray, bytes, array)))
    return np.ones(size or HEIGHT * WIDTH * 3, np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="repetitions of each step")
    runs = parser.parse_args().runs
    cv2.setNumThreads(1)  # as beside a network that has its own threads
    random = np.random.default_rng(0)
    print("| step | ms | copy of the result, ms | multiple |\n|---|---|---|---|")
    for name, step in {**decoding_steps(random), **network_steps(random), **geometry_steps(random)}.items():
        source = result_bytes(step())
        step_ms, copy_ms = median_ms(step, source.copy, runs)
        print(f"| {name} | {step_ms:.2f} | {copy_ms:.3f} | {step_ms / copy_ms:.1f} |")


if __name__ == "__main__":
    main()
