"""One engine, precision and size in a process of its own: `python -m benchmarks.network_worker ...`, started by benchmarks.network.

Prints a line of JSON: ms of each run by set of outputs, or, for `--peak`, the GMAC/s of a convolution that keeps the machine busy.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import torch

from benchmarks.common import pictures
from mtdense_ros.inference.predictor import Predictor

SETS = {
    "all": ("labels", "depth", "normals", "foreground"),
    "without foreground": ("labels", "depth", "normals"),
    "foreground": ("foreground",),
    "labels": ("labels",),
}
"""The outputs asked for, by the name of their set; the background's features are cached."""

WARM_UP = 3
PEAK_CHANNELS, PEAK_HW = 256, (120, 160)


def network_ms(predictor: Predictor, size_hw: tuple[int, int], seconds: float) -> dict[str, list[float]]:
    """The predictor's own time of the network, by set of outputs; the sets take turns frame by frame."""
    background = predictor.encode_background(pictures.background(size_hw))
    frames = pictures.moving(size_hw)
    times: dict[str, list[float]] = {name: [] for name in SETS}
    count, end = 0, 0.0
    while count < 2 * WARM_UP or time.perf_counter() < end:
        for name, outputs in SETS.items():
            prediction = predictor.predict(frames[count % len(frames)], background=background, outputs=outputs)
            if count >= WARM_UP:
                times[name].append(round(prediction.timings["network"], 3))
        count += 1
        if count == WARM_UP:
            end = time.perf_counter() + seconds
    return times


def peak(device: str, precision: str, seconds: float) -> list[float]:
    """GMAC/s of each run of a 3x3 convolution of 256 to 256 channels at 120x160, channels last, with torch (oneDNN, cuDNN)."""
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    conv = torch.nn.Conv2d(PEAK_CHANNELS, PEAK_CHANNELS, 3, padding=1).to(device, dtype, memory_format=torch.channels_last)
    image = torch.randn(1, PEAK_CHANNELS, *PEAK_HW, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    giga_macs = PEAK_CHANNELS**2 * 9 * PEAK_HW[0] * PEAK_HW[1] / 1e9
    synchronise: Callable[[], None] = torch.cuda.synchronize if device == "cuda" else lambda: None
    rates: list[float] = []
    with torch.inference_mode():
        end = time.perf_counter() + seconds
        while len(rates) < 2 * WARM_UP or time.perf_counter() < end:
            begin = time.perf_counter()
            conv(image)
            synchronise()
            rates.append(giga_macs / (time.perf_counter() - begin))
    return [round(rate, 1) for rate in rates[WARM_UP:]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--size", type=int, nargs=2, default=(480, 640), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--peak", action="store_true")
    options = parser.parse_args()
    if options.peak:
        device = "cuda" if options.device == "auto" and torch.cuda.is_available() else options.device.replace("auto", "cpu")
        print(json.dumps({"peak_gmac_s": peak(device, options.precision, options.seconds)}))
        return
    size = tuple(options.size)
    predictor = Predictor.load("mtdense_indoor", options.device, options.engine, options.precision, size)
    predictor.warm_up(size)
    print(json.dumps({"ms": network_ms(predictor, size, options.seconds), "precision": predictor.precision}))


if __name__ == "__main__":
    main()
