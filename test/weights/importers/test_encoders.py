"""ImageNet checkpoints as encoders: against an independent computation from torchvision's and the HydraNet authors' names."""

import re

import pytest
import torch
from test_convert import checkpoint
from torch.nn import functional as F

from mtdense_ros.errors import WeightsError
from mtdense_ros.models.efficientnet_lite import EfficientNetLite
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.models.mobilenet_v3 import MobileNetV3
from mtdense_ros.weights import convert_encoder_state_dict

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def conv_and_norm(state, conv, norm, shape):
    """Random entries of a convolution without bias and its BatchNorm."""
    state[f"{conv}.weight"] = torch.randn(shape) * (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
    for part, value in (("weight", torch.rand), ("bias", torch.randn), ("running_mean", torch.randn), ("running_var", torch.rand)):
        state[f"{norm}.{part}"] = value(shape[0]) + (0.5 if value is torch.rand else 0)
    state[f"{norm}.num_batches_tracked"] = torch.tensor(7)


@pytest.fixture(scope="module")
def torchvision_v2():
    """The entries of torchvision's mobilenet_v2, named by hand, and the encoder's blocks: (expansion, stride, entries' names)."""
    torch.manual_seed(0)
    state, blocks, inputs = {}, [], 32
    conv_and_norm(state, "features.0.0", "features.0.1", (32, 3, 3, 3))
    for expansion, channels, repeats, stride in STAGES:
        for i in range(repeats):
            name, hidden = f"features.{len(blocks) + 1}.conv", inputs * expansion
            first = 0 if expansion == 1 else 1
            if first:
                conv_and_norm(state, f"{name}.0.0", f"{name}.0.1", (hidden, inputs, 1, 1))
            conv_and_norm(state, f"{name}.{first}.0", f"{name}.{first}.1", (hidden, 1, 3, 3))
            conv_and_norm(state, f"{name}.{first + 1}", f"{name}.{first + 2}", (channels, hidden, 1, 1))
            blocks.append((name, first, stride if i == 0 else 1, i == repeats - 1))
            inputs = channels
    conv_and_norm(state, "features.18.0", "features.18.1", (1280, 320, 1, 1))
    state.update({"classifier.1.weight": torch.zeros(1000, 1280), "classifier.1.bias": torch.zeros(1000)})
    return state, blocks


def computed(state, blocks, image):
    """The maps after each stage, straight from the entries."""

    def layer(x, conv, norm, act=True, **options):
        x = F.conv2d(x, state[f"{conv}.weight"], **options)
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        x = F.batch_norm(x, *parts)
        return F.relu6(x) if act else x

    maps = []
    x = layer(image, "features.0.0", "features.0.1", stride=2, padding=1)
    for name, first, stride, last in blocks:
        y = layer(x, f"{name}.0.0", f"{name}.0.1") if first else x
        y = layer(y, f"{name}.{first}.0", f"{name}.{first}.1", stride=stride, padding=1, groups=y.shape[1])
        y = layer(y, f"{name}.{first + 1}", f"{name}.{first + 2}", act=False)
        x = x + y if x.shape == y.shape else y
        if last:
            maps.append(x)
    return maps


def test_torchvision_mobilenet_v2(torchvision_v2):
    state, blocks = torchvision_v2
    encoder = MobileNetV2().eval()
    encoder.load_state_dict(convert_encoder_state_dict("mobilenet_v2", {f"module.{name}": value for name, value in state.items()}))
    image = torch.randn(1, 3, 65, 97)
    with torch.no_grad():
        for ours, theirs in zip(encoder(image), computed(state, blocks, image), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_the_added_expansion_changes_nothing_at_all(torchvision_v2):
    encoder = MobileNetV2().eval()
    encoder.load_state_dict(convert_encoder_state_dict("mobilenet_v2", torchvision_v2[0]))
    x = 6 * torch.rand(1, 32, 50, 50)
    assert torch.equal(encoder.layer2[0].expand(x), x)


def test_hydranet_authors_mobilenet_v2():
    """Their ImageNet file has the encoder's entries only, by the names of their whole network."""
    theirs = {name: value for name, value in checkpoint("hydranet_3task_40cls").items() if name.startswith("layer")}
    ours = convert_encoder_state_dict("mobilenet_v2", {"state_dict": theirs})
    MobileNetV2().load_state_dict(ours, strict=True)
    assert torch.equal(ours["layer4.2.depthwise.1.running_var"], theirs["layer4.2.output.1.1.running_var"])
    assert sorted(int(value.flatten()[0]) for value in ours.values()) == sorted(int(value.flatten()[0]) for value in theirs.values())


def imagenet_v3_large():
    """As torchvision's: the published segmentation network's backbone under the classifier's names."""
    theirs = {name: value for name, value in checkpoint("lraspp_mbv3large_21cls").items() if name.startswith("backbone.")}
    theirs = {name.replace("backbone.", "features."): value for name, value in theirs.items()}
    return {**theirs, "classifier.0.weight": torch.zeros(1280, 960), "classifier.3.bias": torch.zeros(1000)}


def test_torchvision_mobilenet_v3():
    theirs = imagenet_v3_large()
    ours = convert_encoder_state_dict("mobilenet_v3_large", theirs)
    MobileNetV3("large").load_state_dict(ours, strict=True)
    assert len(ours) == len(theirs) - 2
    assert torch.equal(ours["features.4.squeeze.fc2.weight"], theirs["features.4.block.2.fc2.weight"])


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("mobilenet_v2", lambda c: c.pop("features.1.conv.0.0.weight"), "entry 'features.1.conv.0.0.weight' is missing"),
        ("mobilenet_v2", lambda c: c.pop("features.17.conv.3.bias"), "entry 'features.17.conv.3.bias' is missing"),
        ("mobilenet_v2", lambda c: c.update({"features.19.0.weight": torch.zeros(1)}), "entry 'features.19.0.weight' is not part"),
        ("mobilenet_v2", lambda c: c.update({"fc.weight": torch.zeros(1)}), "entry 'fc.weight' is not part"),
        ("mobilenet_v2", lambda c: c.update({"features.0.0.weight": torch.zeros(24)}), "'features.0.0.weight' is torch.float32 [24]"),
        ("mobilenet_v2", lambda c: c.clear(), "entry 'layer1.0.weight' is missing"),
        ("mobilenet_v3_large", lambda c: None, "entry 'features.16.0.weight' is missing"),
        ("mobilenet_v4", lambda c: None, "encoder 'mobilenet_v4': is unknown; did you mean 'mobilenet_v2'?"),
    ],
)
def test_what_does_not_fit_is_named(kind, change, message, torchvision_v2):
    state = dict(torchvision_v2[0])
    change(state)
    with pytest.raises(WeightsError, match=re.escape(message)):
        convert_encoder_state_dict(kind, state)


def test_the_other_variant_is_refused():
    with pytest.raises(WeightsError, match="entry 'features.1.block.1.0.weight' is not part"):
        convert_encoder_state_dict("mobilenet_v3_small", imagenet_v3_large())


def flat(state):
    """The same entries as implementations older than torchvision's name them, by a table of two kinds of blocks."""
    first = {"0.0": "0", "0.1": "1", "1": "3", "2": "4"}
    others = {"0.0": "0", "0.1": "1", "1.0": "3", "1.1": "4", "2": "6", "3": "7"}
    renamed = {}
    for name, value in state.items():
        found = re.fullmatch(r"features\.(\d+)\.conv\.(.+)\.(\w+)", name)
        table = first if found and found[1] == "1" else others
        renamed[f"features.{found[1]}.conv.{table[found[2]]}.{found[3]}" if found else name] = value
    return renamed


def test_mobilenet_v2_of_flat_blocks_is_that_of_torchvision(torchvision_v2):
    state = torchvision_v2[0]
    expected, found = (convert_encoder_state_dict("mobilenet_v2", each) for each in (state, flat(state)))
    assert list(found) == list(expected) and all(torch.equal(found[name], value) for name, value in expected.items())
    lacking = flat(state)
    del lacking["features.17.conv.7.bias"]
    with pytest.raises(WeightsError, match=r"entry 'features.17.conv.7.bias' is missing"):
        convert_encoder_state_dict("mobilenet_v2", lacking)


LITE = ((1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1))


def lite_checkpoint(repeats):
    """The entries of a published EfficientNet-Lite with so many blocks per stage, named by hand, and its blocks: (name, kernel, stride)."""
    state, blocks, inputs = {}, [], 32
    conv_and_norm(state, "_conv_stem", "_bn0", (32, 3, 3, 3))
    for (expansion, kernel, channels, _, stride), count in zip(LITE, repeats, strict=True):
        for i in range(count):
            name, hidden = f"_blocks.{len(blocks)}", inputs * expansion
            if expansion > 1:
                conv_and_norm(state, f"{name}._expand_conv", f"{name}._bn0", (hidden, inputs, 1, 1))
            conv_and_norm(state, f"{name}._depthwise_conv", f"{name}._bn1", (hidden, 1, kernel, kernel))
            conv_and_norm(state, f"{name}._project_conv", f"{name}._bn2", (channels, hidden, 1, 1))
            blocks.append((name, kernel, stride if i == 0 else 1, i == count - 1))
            inputs = channels
    conv_and_norm(state, "_conv_head", "_bn1", (1280, 320, 1, 1))
    return {**state, "_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}, blocks


def lite_maps(state, blocks, image):
    """The maps after each stage, straight from the entries, padded by the definition of SAME."""

    def layer(x, conv, norm, stride=1, groups=1, act=True):
        weight, pads = state[f"{conv}.weight"], []
        for side in (x.shape[3], x.shape[2]):
            whole = max((-(-side // stride) - 1) * stride + weight.shape[2] - side, 0)
            pads += [whole // 2, whole - whole // 2]
        x = F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        x = F.batch_norm(x, *parts, eps=1e-3)
        return F.relu6(x) if act else x

    maps, x = [], layer(image, "_conv_stem", "_bn0", 2)
    for name, _, stride, last in blocks:
        y = layer(x, f"{name}._expand_conv", f"{name}._bn0") if f"{name}._expand_conv.weight" in state else x
        y = layer(y, f"{name}._depthwise_conv", f"{name}._bn1", stride, y.shape[1])
        y = layer(y, f"{name}._project_conv", f"{name}._bn2", act=False)
        x = x + y if stride == 1 and x.shape == y.shape else y
        if last:
            maps.append(x)
    return maps


@pytest.mark.parametrize(("kind", "repeats"), [("lite0", (1, 2, 2, 3, 3, 4, 1)), ("lite1", (1, 3, 3, 4, 4, 5, 1))])
def test_efficientnet_lite(kind, repeats):
    torch.manual_seed(0)
    state, blocks = lite_checkpoint(repeats)
    net = EfficientNetLite(kind).eval()
    net.load_state_dict(convert_encoder_state_dict(f"efficientnet_{kind}", state))
    image = torch.randn(1, 3, 70, 91)
    with torch.no_grad():
        for found, expected in zip(net(image), lite_maps(state, blocks, image), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
    for change, message in (
        (lambda c: c.pop("_blocks.0._bn1.bias"), "entry '_blocks.0._bn1.bias' is missing"),
        (lambda c: c.update({"_blocks.30._bn1.bias": torch.zeros(1)}), "entry '_blocks.30._bn1.bias' is not part"),
        (lambda c: c.update({"_blocks.3._depthwise_conv.weight": torch.zeros(144, 1, 7, 7)}), "_depthwise_conv.weight' is torch.float32"),
    ):
        changed = dict(state)
        change(changed)
        with pytest.raises(WeightsError, match=message):
            convert_encoder_state_dict(f"efficientnet_{kind}", changed)
    with pytest.raises(WeightsError, match="efficientnet_lite"):
        convert_encoder_state_dict("efficientnet_lite1" if kind == "lite0" else "efficientnet_lite0", state)
