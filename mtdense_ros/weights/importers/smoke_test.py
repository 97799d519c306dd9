"""One run of a network on a made picture: whether its weights compute what its configuration promises."""

from __future__ import annotations

import torch

from mtdense_ros.errors import WeightsError
from mtdense_ros.models import DenseNetwork
from mtdense_ros.models.base import task_channels


def trial_run(net: DenseNetwork, size_hw: tuple[int, int], where: str) -> dict[str, tuple[int, ...]]:
    """The shapes (C, h, w) of the raw outputs for a picture of size_hw (and another as background), in evaluation mode.

    Raises WeightsError, which begins with `where`, unless every output is there, with its channels, at most of the picture's
    size, and finite.
    """
    ramp = torch.linspace(-2, 2, 3 * size_hw[0] * size_hw[1]).reshape(1, 3, *size_hw)
    with torch.inference_mode():
        raw = net.eval()(ramp, ramp.flip(3))
    channels = {**task_channels(net.config.get("num_classes", 0)), "foreground": 1}
    for key in net.outputs:
        if key not in raw:
            raise WeightsError(f"{where}: the network gives no '{key}'; update mtdense_ros, or report it as an error of the network")
        found = tuple(raw[key].shape)
        if found[:2] != (1, channels[key]) or not all(0 < side <= most for side, most in zip(found[2:], size_hw, strict=True)):
            raise WeightsError(f"{where}: output '{key}' is {found}, expected (1, {channels[key]}, up to {size_hw[0]}, up to {size_hw[1]})")
        if not torch.isfinite(raw[key]).all():
            raise WeightsError(f"{where}: output '{key}' is not finite for an ordinary picture; the weights are damaged, or diverged")
    return {key: tuple(raw[key].shape[1:]) for key in net.outputs}
