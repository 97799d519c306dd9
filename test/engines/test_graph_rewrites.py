"""Exact rewrites: the same numbers, and only where they are meant."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mtdense_ros.engines.graph_rewrites import ExactRewrites


class Operations(TorchDispatchMode):
    """The convolutions and poolings that run: (name, kernel height and width)."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if "max_pool2d" in name:
            self.seen.append(("pool", *(args[1] * 2)[:2]))
        if name in ("convolution", "conv2d"):
            self.seen.append(("conv", *args[1].shape[2:]))
        return func(*args, **(kwargs or {}))


def rewritten(function, *arguments):
    operations = Operations()
    with torch.inference_mode(), ExactRewrites(), operations:
        return function(*arguments), operations.seen


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 7])
def test_wide_pooling_runs_over_columns_and_then_rows(size):
    x = torch.randn(2, 3, 11, 8)
    expected = F.max_pool2d(x, size, stride=1, padding=size // 2)
    found, seen = rewritten(lambda: F.max_pool2d(x, size, stride=1, padding=size // 2))
    assert torch.equal(found, expected)
    assert seen == [("pool", size, 1), ("pool", 1, size)]


@pytest.mark.parametrize(
    "options",
    [{"kernel_size": 3, "stride": 1, "padding": 1}, {"kernel_size": 5}, {"kernel_size": 5, "stride": 1, "padding": 1}],
    ids=["narrow", "with a stride", "with less padding"],
)
def test_other_pooling_stays(options):
    x = torch.randn(1, 2, 12, 10)
    found, seen = rewritten(lambda: F.max_pool2d(x, **options))
    assert torch.equal(found, F.max_pool2d(x, **options))
    assert seen == [("pool", options["kernel_size"], options["kernel_size"])]


@pytest.mark.parametrize("bias", [True, False])
def test_one_channel_is_made_of_nine_taps(bias):
    conv, x = nn.Conv2d(16, 1, 3, padding=1, bias=bias), torch.randn(2, 16, 9, 7)
    found, seen = rewritten(conv, x)
    expected = conv(x)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()
    assert seen == [("conv", 1, 1), ("conv", 3, 3)]


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(16, 2, 3, padding=1),
        nn.Conv2d(9, 1, 3, padding=1),
        nn.Conv2d(16, 1, 3),
        nn.Conv2d(16, 1, 3, padding=1, stride=2),
        nn.Conv2d(16, 1, 1),
    ],
    ids=["two channels", "few inputs", "no padding", "stride", "1x1"],
)
def test_other_convolutions_stay(conv):
    x = torch.randn(1, conv.in_channels, 9, 7)
    found, seen = rewritten(conv, x)
    assert torch.equal(found, conv(x))
    assert len(seen) == 1


@pytest.mark.parametrize("arch", ["mtdense", "hydranet", "mdeas"])
def test_networks_stay_the_same(arch, make_net):
    net, (image, background) = make_net(arch), torch.randn(2, 1, 3, 75, 101)
    takes_one = background if "foreground" in net.outputs else None
    with torch.inference_mode():
        expected = net(image, takes_one)
    found, seen = rewritten(net, image, takes_one)
    for key, value in expected.items():
        assert (found[key] - value).abs().max() <= 1e-5 * value.abs().max()
    assert ("pool", 5, 1) in seen or arch == "mdeas"
    assert ("pool", 5, 5) not in seen
