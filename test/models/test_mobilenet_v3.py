"""The MobileNetV3 encoder: the facts of the paper's tables, and squeeze-and-excite by hand."""

import pytest
import torch
from torch import nn

from mtdense_ros.errors import ConfigError
from mtdense_ros.models.mobilenet_v3 import Block, InvertedResidual, MobileNetV3, SqueezeExcite, divisible

LARGE = (16, 16, 24, 24, 40, 40, 40, 80, 80, 80, 80, 112, 112)
SMALL = (16, 16, 24, 24, 40, 40, 40, 48, 48)


@pytest.mark.parametrize(
    ("variant", "reduced_tail", "channels", "count"),
    [
        ("large", False, (*LARGE, 160, 160, 160, 960), 2_971_952),
        ("large", True, (*LARGE, 80, 80, 80, 480), 1_620_512),
        ("small", False, (*SMALL, 96, 96, 96, 576), 927_008),
        ("small", True, (*SMALL, 48, 48, 48, 288), 438_704),
    ],
)
@pytest.mark.parametrize("dilated", [False, True])
def test_maps_are_what_the_encoder_says(variant, reduced_tail, channels, count, dilated):
    net = MobileNetV3(variant, dilated, reduced_tail).eval()
    with torch.inference_mode():
        maps = net(torch.rand(1, 3, 97, 133))
    assert net.channels == channels
    assert len(net.features) == len(channels)
    assert sum(p.numel() for p in net.parameters()) == count
    expected = [(1, c, -(-97 // s), -(-133 // s)) for c, s in zip(channels, net.strides, strict=True)]
    assert [tuple(x.shape) for x in maps] == expected


def test_strides_and_what_dilation_makes_of_them():
    assert MobileNetV3("large").strides == (2, 2, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32, 32, 32)
    assert MobileNetV3("small").strides == (2, 4, 8, 8, 16, 16, 16, 16, 16, 32, 32, 32, 32)
    assert MobileNetV3("large", dilated=True).strides == (2, 2, 4, 4, 8, 8, 8, *[16] * 10)
    assert MobileNetV3("small", dilated=True).strides == (2, 4, 8, 8, *[16] * 9)


@pytest.mark.parametrize(("variant", "relus"), [("large", 6), ("small", 3)])
def test_h_swish_begins_where_the_maps_are_small(variant, relus):
    # The input of these blocks has stride 8, in both variants; the stem and the last convolution have it too.
    stem, *blocks, last = MobileNetV3(variant).features
    assert [type(block.activation) for block in blocks] == [nn.ReLU] * relus + [nn.Hardswish] * (len(blocks) - relus)
    assert {type(stem[2]), type(last[2])} == {nn.Hardswish}


def test_only_the_tail_is_dilated():
    plain, dilated = MobileNetV3("large"), MobileNetV3("large", dilated=True)

    def layout(net):
        return [(f.depthwise[0].kernel_size, f.depthwise[0].dilation, f.depthwise[0].padding) for f in list(net.features)[1:-1]]

    assert layout(dilated)[:-3] == layout(plain)[:-3]
    assert layout(plain)[-3:] == [((5, 5), (1, 1), (2, 2))] * 3
    assert layout(dilated)[-3:] == [((5, 5), (2, 2), (4, 4))] * 3


def test_entries_that_checkpoints_are_mapped_to():
    net = MobileNetV3("small")
    first, second = ([key for key in net.state_dict() if key.startswith(f"features.{i}.")] for i in (1, 2))
    assert [key.removeprefix("features.1.") for key in first if key.endswith("weight")] == [
        "depthwise.0.weight", "depthwise.1.weight", "squeeze.fc1.weight", "squeeze.fc2.weight", "project.0.weight", "project.1.weight",
    ]  # fmt: skip
    assert [key.removeprefix("features.2.") for key in second if key.endswith("weight")] == [
        "expand.0.weight", "expand.1.weight", "depthwise.0.weight", "depthwise.1.weight", "project.0.weight", "project.1.weight",
    ]  # fmt: skip
    assert {(m.eps, m.momentum) for m in net.modules() if isinstance(m, nn.BatchNorm2d)} == {(1e-3, 0.01)}


def test_squeeze_and_excite_by_hand():
    # Means 1 and 3; each of the eight squeezed values is relu(1 - 3 + 2.5) = 0.5, or relu(3 - 1 - 2.5) = 0 in the last four.
    # Gate of channel 0: hardsigmoid(4 * 0.5 * 0.75) = 1.5 / 6 + 0.5 = 0.75 (a sigmoid: 0.818); of channel 1: hardsigmoid(-4) = 0.
    gate = SqueezeExcite(2)
    assert gate.fc1.weight.shape == (8, 2, 1, 1)
    with torch.no_grad():
        gate.fc1.weight[:4] = torch.tensor([1.0, -1.0]).view(2, 1, 1)
        gate.fc1.weight[4:] = torch.tensor([-1.0, 1.0]).view(2, 1, 1)
        gate.fc1.bias[:4], gate.fc1.bias[4:] = 2.5, -2.5
        gate.fc2.weight[0], gate.fc2.weight[1] = 0.75, 0.0
        gate.fc2.bias[0], gate.fc2.bias[1] = 0.0, -4.0
        x = torch.tensor([[[[0.0, 2.0]], [[2.0, 4.0]]]])
        assert gate(x).tolist() == [[[[0.0, 1.5]], [[0.0, 0.0]]]]


def test_squeezed_channels_are_multiples_of_eight_and_at_most_a_tenth_fewer():
    squeezed = [divisible(channels // 4) for channels in (16, 72, 96, 120, 144, 240, 288, 480, 576, 672, 960)]
    assert squeezed == [8, 24, 24, 32, 40, 64, 72, 120, 144, 168, 240]
    assert (divisible(11), divisible(12), divisible(19)) == (16, 16, 24)  # 11 rounds to 8 and 19 to 16, which is too few


def test_shortcut_only_where_neither_stride_nor_channels_change():
    def has_shortcut(inputs, **changes):
        return InvertedResidual(inputs, Block(3, 16, 8, False, False)._replace(**changes)).shortcut

    assert has_shortcut(8)
    assert not has_shortcut(4)
    assert not has_shortcut(8, stride=2)
    assert not has_shortcut(8, stride=2, dilation=2)
    assert has_shortcut(8, dilation=2)


def test_other_variants_are_refused():
    with pytest.raises(ConfigError, match="variant: found 'medium'; .*known: large, small"):
        MobileNetV3("medium")


@pytest.mark.parametrize("variant", ["large", "small"])
def test_a_fresh_encoder_passes_a_picture_on_at_a_magnitude_that_floats_can_tell(variant):
    torch.manual_seed(0)
    with torch.inference_mode():
        maps = MobileNetV3(variant).eval()(torch.randn(1, 3, 64, 96))
    assert all(1e-2 < float(x.std()) < 1e2 for x in maps)
