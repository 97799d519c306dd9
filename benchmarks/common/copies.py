"""What a frame's way to a GPU and back costs: the picture there, the raw maps of all outputs back."""

from __future__ import annotations

import time

import torch

from mtdense_ros.inference.network_input import NetworkInput
from mtdense_ros.models import create_model
from mtdense_ros.weights.files import find_weights, read_card

Size = tuple[int, int]

RUNS, WARM_UP = 200, 10


def copies_ms(weights: str, camera_hw: Size, size: Size | None) -> list[float]:
    """The ms of each of RUNS pairs of copies, from and to pinned memory; none without a CUDA device. See `seen_hw`."""
    if not torch.cuda.is_available():
        return []
    size_hw = seen_hw(weights, camera_hw, size)
    there = torch.empty((1, 3, *size_hw), pin_memory=True)
    back = torch.empty(values_of(weights, size_hw), pin_memory=True)
    on_device = back.cuda()
    times = []
    for _ in range(WARM_UP + RUNS):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        there.to("cuda", non_blocking=True)
        back.copy_(on_device, non_blocking=True)
        torch.cuda.synchronize()
        times.append(round(1e3 * (time.perf_counter() - begin), 4))
    return times[WARM_UP:]


def seen_hw(weights: str, camera_hw: Size, size: Size | None) -> Size:
    """The (height, width) at which the network sees a camera's picture; size: of its input, None for the card's."""
    card = read_card(find_weights(weights))
    return NetworkInput(card, size).size_for(camera_hw)


def values_of(weights: str, size_hw: Size) -> int:
    """How many values all raw maps of a picture have."""
    card = read_card(find_weights(weights))
    with torch.device("meta"):
        picture = torch.empty(1, 3, *size_hw)
        return sum(values.numel() for values in create_model(card.arch, **card.config).eval()(picture, picture).values())
