"""The package's own network: its budget, and what it computes and leaves alone."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mtdense_ros.models import create_model


@pytest.mark.slow
def test_mtdense_fits_its_budget():
    net = create_model("mtdense").eval()
    image = torch.rand(1, 3, 480, 640)
    with torch.inference_mode():
        background = net.encode_background(image)
        with FlopCounterMode(display=False) as counter:
            net(image, background)
    assert counter.get_total_flops() / 2 <= 3.0e9


def test_mtdense_encodes_once_with_a_cached_background_and_twice_without():
    net = create_model("mtdense").eval()
    frame, background = torch.rand(2, 1, 3, 64, 96)
    calls = []
    net.encoder.register_forward_hook(lambda *_: calls.append(1))
    with torch.inference_mode():
        cached = net.encode_background(background)
        calls.clear()
        once = net(frame, cached)["foreground"]
        assert len(calls) == 1
        twice = net(frame, background)["foreground"]
        assert len(calls) == 3
    assert torch.equal(once, twice)


def test_the_comparison_is_linear_in_frame_background_and_difference():
    torch.manual_seed(0)
    net = create_model("mtdense").eval()
    frame, background = torch.rand(2, 1, 3, 64, 96)
    given = []
    net.heads["foreground"].norm[0].register_forward_hook(lambda _, inputs, __: given.append(inputs[0]))
    with torch.inference_mode():
        net(frame, net.encode_background(background), ["foreground"])
        a, b = (net.encode(image)[6] for image in (frame, background))
        due = net.heads["foreground"].compare[0](torch.cat((a, b, (a - b).abs()), dim=1))
    torch.testing.assert_close(given[0], due)


def test_mtdense_foreground_is_absent_without_a_background():
    net = create_model("mtdense").eval()
    assert tuple(net(torch.rand(1, 3, 64, 64))) == ("labels", "depth", "normals")


def test_mtdense_without_dense_work_skips_the_decoder():
    net = create_model("mtdense").eval()
    net.decoder.register_forward_hook(lambda *_: pytest.fail("the dense decoder ran for a mask"))
    image = torch.rand(1, 3, 64, 64)
    assert tuple(net(image, image, ["foreground"])) == ("foreground",)
