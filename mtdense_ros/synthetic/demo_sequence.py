"""Renders the demo sequence: `python -m mtdense_ros.synthetic.demo_sequence OUT --assets ../shared/data`.

A still robot camera looks into a furnished room for 0.8 s; then a small robot, a person and things nobody trained on come,
move and leave. Scene seed and the things shown are held out from training.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.synthetic.demo_scene import ACTORS, demo_setting, on_stage
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.objects.catalogue import HELD_OUT
from mtdense_ros.synthetic.pairs import labels_of
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.renderer import Renderer, Rendering
from mtdense_ros.synthetic.rendering.scene import DOOR, WALL, Item
from mtdense_ros.synthetic.sequence_truth import Truth, encode
from mtdense_ros.utils.command_line import exit_code

SIZE = (480, 640)
FRAMES = 48
RATE_HZ = 10
SEED = 900_000_012
_JPEG_QUALITY = 90
_COMMAND = "python -m mtdense_ros.synthetic.demo_sequence mtdense_ros/replay/demo_sequence --assets ../shared/data"
_CC_BY = ("construction_cone", "cordless_drill", "first_2015_trash_can", "grey_tote", "coke_can", "turtlebot")


def render_sequence(out: Path, assets: Path, seed: int = SEED) -> None:
    """Writes 48 JPEG frames, truth.npz and SOURCE.json to out."""
    stock = Assets(assets, texture_size=512, held_out=True)
    setting = demo_setting(np.random.default_rng(seed), stock, camera.intrinsics(SIZE, 60.0))
    renderer = Renderer(SIZE, stock.library.layers())
    noise = np.random.default_rng(seed + 1)
    out.mkdir(parents=True, exist_ok=True)
    truths = []
    for k in range(FRAMES):
        empty = renderer.render(setting.items, setting.view, setting.lighting)
        added = on_stage(stock, setting, k)
        full = renderer.add_foreground(added) if added else empty
        truths.append(truth_of(full, [*setting.items, *added], len(setting.items)))
        picture = cv2.cvtColor(sensor(noise, full.image, k), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(out / f"{k:02d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    np.savez_compressed(out / "truth.npz", **encode(truths[0], truths))  # type: ignore[arg-type]
    (out / "SOURCE.json").write_text(json.dumps(_source(setting.view.intrinsics.fx, seed), indent=1) + "\n")


def truth_of(rendering: Rendering, items: Sequence[Item], background: int) -> Truth:
    """Exact truth of a rendering whose first `background` items are the room; a door counts as wall."""
    labels = labels_of(rendering, items)
    labels[labels == DOOR] = WALL
    depth = np.rint(rendering.depth * 1000).clip(0, 65535).astype(np.uint16)
    normals = np.rint(rendering.normals * 127).astype(np.int8)
    return Truth(labels, depth, normals, rendering.instances > background)


def sensor(rng: np.random.Generator, image: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
    """The picture that a small camera takes in frame k: exposure that drifts and steps, shot and read noise."""
    gain = (1 + 0.05 * math.sin(0.35 * k)) * (0.86 if 22 <= k < 34 else 1.0)
    light = gain * (image.astype(np.float32) / 255) ** 2.2
    light += rng.normal(0, 1, image.shape) * np.sqrt(2e-5 * light + 1e-6)
    return np.asarray(np.rint(255 * light.clip(0, 1) ** (1 / 2.2)), np.uint8)


def _source(focal: float, seed: int) -> dict[str, object]:
    height, width = SIZE
    return {
        "what": "rendered sequence of a still robot camera with exact labels, depth, normals and foreground",
        "command": _COMMAND,
        "seed": seed,
        "size": [height, width],
        "frames": FRAMES,
        "rate_hz": RATE_HZ,
        "empty_frames": min(actor.first for actor in ACTORS),
        "intrinsics": {"fx": focal, "fy": focal, "cx": (width - 1) / 2, "cy": (height - 1) / 2},
        "held_out_models": sorted(HELD_OUT),
        "licences": {
            "MIT-0": "models and textures of the AWS RoboMaker small house, bookstore and hospital worlds (aws_robomaker_*)",
            "CC0": "texture photographs of CC0Textures and of the skimage.data collection",
            "CC BY 3.0": {
                "models": list(_CC_BY),
                "attribution": "github.com/osrf/gazebo_models, Copyright 2012 Nathan Koenig and contributors, CC BY 3.0 Unported",
            },
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the demo renderer."""
    parser = argparse.ArgumentParser(prog="mtdense_ros.synthetic.demo_sequence", description="Render the demo sequence with its truth.")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--assets", type=Path, default=Path("../shared/data"), help="folder with assets_*, textures_*")
    parser.add_argument("--seed", type=int, default=SEED, help="scene seed")
    options = parser.parse_args(arguments)
    render_sequence(options.out, options.assets, options.seed)


if __name__ == "__main__":
    sys.exit(exit_code(main))
