"""LR-ASPP: where it taps its encoder, and its head by hand."""

import math

import pytest
import torch

from mtdense_ros.models import create_model
from mtdense_ros.models.lraspp import LrAsppHead


def test_labels_have_the_images_size():
    net = create_model("lraspp", num_classes=3).eval()
    with torch.inference_mode():
        assert net(torch.rand(1, 3, 97, 133))["labels"].shape == (1, 3, 97, 133)


@pytest.mark.parametrize(("backbone", "taps", "features"), [("large", [4, 16], 17), ("small", [2, 12], 13)])
def test_taps_are_the_first_map_of_stride_eight_and_the_last(backbone, taps, features):
    torch.manual_seed(0)
    net = create_model("lraspp", backbone=backbone).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        usual = net(image)["labels"]
        changes = []
        for i in range(features):
            hook = net.encoder.register_forward_hook(lambda _, __, maps, i=i: (*maps[:i], maps[i] + 1, *maps[i + 1 :]))
            changes.append(not torch.allclose(net(image)["labels"], usual, atol=1e-2))
            hook.remove()
    assert [i for i, changed in enumerate(changes) if changed] == taps


def test_head_by_hand():
    # The deep map [0, 4] has the mean 2. Its 128 channels become [0, 2] by the convolution, gated by sigmoid(0.5 * 2), enlarged
    # to [0, 0.5, 1.5, 2] (corners would give [0, 0.67, 1.33, 2]) and averaged by the classifier: a sum, not a product, with 2 low + 0.5.
    head = LrAsppHead(1, 1, 1).eval()
    with torch.no_grad():
        for conv, weight in ((head.cbr[0], 0.5), (head.scale[1], 0.5), (head.low_classifier, 2.0), (head.high_classifier, 1 / 128)):
            conv.weight.fill_(weight)
        head.low_classifier.bias.fill_(0.5)
        head.high_classifier.bias.fill_(0.25)
        low = torch.tensor([[[[0.0, 1.0, 2.0, 3.0]]]])
        logits = head(low, torch.tensor([[[[0.0, 4.0]]]]))[0, 0, 0]
    gate = 1 / (1 + math.exp(-1))
    assert logits.tolist() == pytest.approx([0.75, 2.75 + 0.5 * gate, 4.75 + 1.5 * gate, 6.75 + 2 * gate], abs=1e-4)


def test_head_normalises_with_the_default_epsilon():
    net = create_model("lraspp")
    assert (net.heads["labels"].cbr[1].eps, net.heads["labels"].cbr[1].momentum) == (1e-5, 0.1)
