"""Feature fusion: every scale reaches the output, and the pieces by hand."""

import math

import pytest
import torch
from torch import nn

from mtdense_ros.models import create_model
from mtdense_ros.models.ffm import FusionModule, enlarged

SMALL_TAPS, LARGE_TAPS = [0, 1, 3, 8, 12], [1, 3, 6, 12, 16]
CONFIGS = [
    ({}, SMALL_TAPS),
    ({"tasks": ["labels"]}, SMALL_TAPS),
    ({"tasks": ["labels", "depth", "normals"]}, SMALL_TAPS),
    ({"backbone": "large", "widths": [256, 128, 64, 32, 16]}, LARGE_TAPS),
]


@pytest.mark.parametrize(("config", "taps"), CONFIGS)
def test_each_scale_reaches_every_output_and_no_other_map_does(config, taps):
    torch.manual_seed(0)
    net = create_model("ffm", **config).eval()
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        usual = net(image)
        reached = {key: [] for key in net.outputs}
        for i in range(len(net.encoder.features)):
            hook = net.encoder.register_forward_hook(lambda _, __, maps, i=i: (*maps[:i], maps[i] + 1, *maps[i + 1 :]))
            for key, value in net(image).items():
                if not torch.allclose(value, usual[key], rtol=1e-2, atol=1e-2):  # a fresh network must not lose a map in rounding
                    reached[key].append(i)
            hook.remove()
    assert reached == dict.fromkeys(net.outputs, taps)


@pytest.mark.parametrize("size", [(128, 160), (97, 133), (32, 250)])
def test_outputs_have_the_images_size(size):
    net = create_model("ffm", tasks=("labels", "depth", "normals"), num_classes=5).eval()
    with torch.inference_mode():
        raw = net(torch.rand(1, 3, *size))
    shapes = {key: tuple(value.shape[1:]) for key, value in raw.items()}
    assert shapes == {"labels": (5, *size), "depth": (1, *size), "normals": (3, *size)}


@pytest.mark.parametrize(("logarithm", "depth"), [(0.0, 1.0), (math.log(2.5), 2.5), (-50.0, math.exp(-4)), (50.0, math.exp(5))])
def test_depth_is_positive_whatever_the_head_says(logarithm, depth):
    net = create_model("ffm").eval()
    nn.init.zeros_(net.heads["depth"].weight)
    nn.init.constant_(net.heads["depth"].bias, logarithm)
    with torch.inference_mode():
        raw = net(torch.rand(1, 3, 32, 32))["depth"]
    assert torch.allclose(raw, torch.tensor(depth), rtol=1e-5)


def test_fusion_by_hand():
    # The encoder's bright pixel is doubled and spread over the 3x3 neighbourhood, which is the whole map; the decoder's map passes
    # unchanged. The 1x1 convolution subtracts the second from the first, ReLU, and the last one triples: 3 max(0, 2 - n).
    fusion = FusionModule(1, 1).eval()
    for part in (fusion.adapt, fusion.depthwise, fusion.pointwise, fusion.project):
        part[1].eps = 0.0
    with torch.no_grad():
        fusion.adapt[0].weight.fill_(2.0)
        fusion.depthwise[0].weight.zero_()
        fusion.depthwise[0].weight[0] = 1.0
        fusion.depthwise[0].weight[1, 0, 1, 1] = 1.0
        fusion.pointwise[0].weight[0, :, 0, 0] = torch.tensor([1.0, -1.0])
        fusion.project[0].weight.fill_(3.0)
        encoded = torch.zeros(1, 1, 3, 3)
        encoded[0, 0, 1, 1] = 1.0
        fused = fusion(encoded, torch.arange(9.0).view(1, 1, 3, 3))
    assert fused[0, 0].tolist() == [[6, 3, 0], [0, 0, 0], [0, 0, 0]]


def test_enlarging_repeats_the_nearest_pixel():
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert enlarged(x, (3, 5))[0, 0].tolist() == [[1, 1, 1, 2, 2], [1, 1, 1, 2, 2], [3, 3, 3, 4, 4]]
