"""Mutated messages through imaging and pipeline: nothing crashes, hangs or comes out at the wrong size, and every refusal is one by name.

Run: python -m benchmarks.fuzz, with --count 20000 (default) and --seed; writes docs/performance/fuzz.json. Ends with 1 where a mutant
raised what is no error of this package, or nothing was learned: less than 30 % of the mutants accepted, or less than 95 % of the lines
of imaging/encodings.py run.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from benchmarks.common import machine, record
from benchmarks.common.line_coverage import LineCoverage
from benchmarks.common.mutants import BACKGROUND, CAMERA_INFO, COMPRESSED, KINDS, Mutant, mutants
from mtdense_ros.datatypes import Frame, Rgb
from mtdense_ros.errors import MtdenseError
from mtdense_ros.geometry.calibration import camera_model_of
from mtdense_ros.geometry.camera_model import CameraModel, ray_table, rectify
from mtdense_ros.imaging import encodings
from mtdense_ros.imaging.compressed import decode_compressed
from mtdense_ros.inference import EngineOptions, Predictor
from mtdense_ros.models import create_model
from mtdense_ros.pipeline import Pipeline
from mtdense_ros.pipeline.results import RESULTS
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.weights import save_weights

ACCEPTED_SHARE, COVERED_SHARE = 0.3, 0.95
HANG_S = 60.0
MAX_PIXELS = 4_000_000
OF_EVERY_PIXEL = ("labels", "confidence", "labels_color", "depth", "normals", "normals_color", "foreground", "foreground_overlay")
_CARD = {
    "arch": "mtdense",
    "input": {"height": 64, "width": 96, "resize": "area", "multiple": 32, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
    "label_space": "indoor",
    "depth": {"kind": "metric", "min_m": 0.01, "max_m": 50.0, "focal_px": 100.0},
    "foreground": {"threshold": 0.5},
    **dict.fromkeys(("metrics", "data"), ()),
    **dict.fromkeys(("attribution", "commit"), ""),
    "licence": "CC0-1.0",
    "command": "benchmarks.fuzz",
}


def random_weights(folder: Path) -> Path:
    """The smallest network of all outputs, with random values."""
    torch.manual_seed(0)
    path = folder / "random.safetensors"
    save_weights(path, create_model("mtdense", width=16, head_width=8, change_widths=(8, 8, 8, 8)), _CARD)
    return path


@dataclass
class Tally:
    """What became of the mutants: accepted and refused by kind, refusals by the error's class, and what must not be."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    longest_ms: float = 0.0

    @property
    def sent(self) -> int:
        return self.accepted.total() + self.refused.total() + len(self.crashes)

    @property
    def accepted_share(self) -> float:
        return self.accepted.total() / max(self.sent, 1)


class Receiver:
    """Takes mutants as the node does: decodes images, keeps the newest camera, sets backgrounds, and processes every frame."""

    def __init__(self, weights: Path, seed: int = 0) -> None:
        self._pipeline = Pipeline(Predictor.from_weights(weights, EngineOptions("torch", "cpu", "fp32", 1)))
        self._random = Random(seed)
        self._memory = encodings.MessageBuffers()
        self._camera: CameraModel | None = None

    def take(self, mutant: Mutant) -> None:
        """Raises MtdenseError for what it refuses, AssertionError for an output of the wrong size."""
        m = mutant.message
        if mutant.kind == CAMERA_INFO:
            self._look_through(camera_model_of(m, rectified=False))
        elif mutant.kind == BACKGROUND:
            self._pipeline.background.capture(self._decoded(m), m.header.frame_id, m.header.stamp_ns)
        elif mutant.kind == COMPRESSED:
            self._process(decode_compressed(m.data, m.format, max_pixels=MAX_PIXELS), m)
        else:
            self._process(self._decoded(m), m)

    def _decoded(self, m: Any) -> Rgb:
        rgb = encodings.to_rgb(m.data, m.width, m.height, m.encoding, m.step, bool(m.is_bigendian), self._memory.part("decoded"))
        assert rgb.shape == (m.height, m.width, 3) and rgb.dtype == np.uint8
        return rgb

    def _look_through(self, model: CameraModel) -> None:
        """A camera that was accepted gets a frame, if there can be one of its size."""
        i = model.intrinsics
        if i.width * i.height > MAX_PIXELS:
            return
        self._camera = model
        rgb = np.full((i.height, i.width, 3), 128, np.uint8)
        assert rectify(rgb, model).shape == rgb.shape
        self._process(rgb, None)

    def _process(self, rgb: Rgb, m: Any) -> None:
        fits = self._camera is not None and (self._camera.intrinsics.height, self._camera.intrinsics.width) == rgb.shape[:2]
        camera = self._camera if fits else None
        header = (m.header.stamp_ns, m.header.frame_id) if m is not None else (0, "")
        frame = Frame(rgb, *header, None if camera is None else camera.intrinsics)
        wanted = self._random.sample(sorted(RESULTS), self._random.randint(1, 4))
        results = self._pipeline.process(frame, wanted, None if camera is None else ray_table(camera), self._memory)
        for name, array in results.items():
            assert name not in OF_EVERY_PIXEL or array.shape[:2] == rgb.shape[:2], f"{name} is {array.shape}, the image {rgb.shape}"
            assert len(encodings.as_bytes(array)) == array.nbytes
        assert set(results) | set(results.missing) >= set(wanted), f"of {wanted} came {list(results)}, missing {list(results.missing)}"


def fuzz(receiver: Receiver, count: int, seed: int, kinds: dict[str, int] | None = None) -> Tally:
    """Feeds so many mutants one after the other."""
    tally = Tally()
    for number, mutant in enumerate(islice(mutants(seed, kinds), count)):
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        begin = time.perf_counter()
        try:
            receiver.take(mutant)
            tally.accepted[mutant.kind] += 1
        except MtdenseError as error:
            tally.refused[mutant.kind] += 1
            tally.errors[type(error).__name__] += 1
        except Exception as error:
            which = f"seed {seed}, mutant {number} ({mutant.kind}: {', '.join(mutant.changes)})"
            tally.crashes.append(f"{which}: {type(error).__name__}: {error}")
        finally:
            faulthandler.cancel_dump_traceback_later()
        tally.longest_ms = max(tally.longest_ms, 1e3 * (time.perf_counter() - begin))
    return tally


def figures(tally: Tally) -> dict[str, Any]:
    """A tally for the file of figures."""
    by_kind = [{"kind": kind, "accepted": tally.accepted[kind], "refused": tally.refused[kind]} for kind in KINDS]
    return {
        "sent": tally.sent,
        "accepted_share": tally.accepted_share,
        "longest_ms": tally.longest_ms,
        "crashes": tally.crashes,
        "errors": dict(tally.errors),
        "kinds": by_kind,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="mutants through imaging and pipeline (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=record.FOLDER / "fuzz.json", help="file to write (default %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    content, coverage = machine.description(), LineCoverage(encodings)
    with tempfile.TemporaryDirectory(prefix="mtdense_fuzz_") as folder:
        weights = random_weights(Path(folder))
        np.seterr(all="ignore")  # what is made of NaN and infinite cameras is NaN
        with coverage.measuring():
            tally = fuzz(Receiver(weights, options.seed), options.count, options.seed)
        content["seed"] = options.seed
    content |= {**figures(tally), "encodings_covered": coverage.share, "encodings_missed_lines": coverage.missed}
    record.write(options.json, content)
    print(*tally.crashes, sep="\n")
    print(f"{tally.sent} mutants, {tally.accepted_share:.0%} accepted, {len(tally.crashes)} crashes, longest {tally.longest_ms:.0f} ms")
    print(f"{coverage.share:.0%} of the lines of imaging/encodings.py; wrote {options.json}")
    return 0 if not tally.crashes and tally.accepted_share >= ACCEPTED_SHARE and coverage.share >= COVERED_SHARE else 1


if __name__ == "__main__":
    sys.exit(exit_code(main, "fuzz"))
