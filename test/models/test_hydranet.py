"""HydraNet: what its raw outputs are."""

import torch

from mtdense_ros.models import create_model


def test_hydranet_raw_outputs_have_stride_four_rounded_up():
    net = create_model("hydranet", num_classes=6, tasks=("labels", "depth", "normals")).eval()
    with torch.inference_mode():
        raw = net(torch.rand(1, 3, 101, 203))
    shapes = {key: tuple(value.shape[1:]) for key, value in raw.items()}
    assert shapes == {"labels": (6, 26, 51), "depth": (1, 26, 51), "normals": (3, 26, 51)}
