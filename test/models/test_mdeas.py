"""MDEAS: its sizes, and its decoders by hand."""

import torch
from torch import nn

from mtdense_ros.models import create_model
from mtdense_ros.models.mdeas import DepthDecoder, MaskDecoder, padded


def test_mdeas_keeps_the_originals_output_size():
    net = create_model("mdeas").eval()
    with torch.inference_mode():
        for (height, width), expected in {(224, 224): (224, 224), (223, 224): (224, 224), (225, 100): (226, 100)}.items():
            raw = net(torch.rand(1, 3, height, width), torch.rand(1, 3, height, width))
            assert {tuple(value.shape[2:]) for value in raw.values()} == {expected}


def test_mdeas_pads_only_where_the_original_fails():
    for height in range(32, 80):
        original_can = (height + 1) // 2 % 8 == 0
        rows = padded(torch.zeros(1, 3, height, 32)).shape[2]
        assert (rows == height) == original_can
        assert (rows + 1) // 2 % 8 == 0


class Spy(nn.Module):
    """Keeps what it was given and returns what it was told to."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x):
        self.given = x
        return self.answer


def test_decoders_shuffle_four_channels_into_one_of_twice_the_size():
    # Channel 4 c + 2 dy + dx goes to row dy and column dx of channel c.
    channels = torch.arange(64.0).view(1, 64, 1, 1)
    one = torch.zeros(1, 1, 1, 1)
    for decoder, maps in ((DepthDecoder(), 3), (MaskDecoder(), 2)):
        decoder.blocks = nn.ModuleList([*(nn.Identity() for _ in range(maps)), *(Spy(channels) for _ in range(4 - maps))])
        if maps == 3:
            decoder.blocks[2] = Spy(torch.zeros(1, 4, 1, 1))
        decoder.predict = nn.Identity()
        shuffled = decoder(one, *(torch.zeros(1) for _ in range(maps)))
        assert shuffled.shape == (1, 16, 2, 2)
        assert shuffled[0, 0].tolist() == [[0, 1], [2, 3]]
        assert shuffled[0, 5].tolist() == [[20, 21], [22, 23]]


def test_depth_decoder_repeats_pixels_then_adds_the_encoders_map():
    decoder = DepthDecoder()
    spy = Spy(torch.zeros(1, 256, 2, 4))
    decoder.blocks[0], decoder.blocks[1] = nn.Identity(), spy
    seed = torch.tensor([[1.0, 2.0]]).expand(1, 256, 1, 2)
    middle = torch.arange(8.0).view(1, 1, 2, 4) * 10
    decoder.blocks[2], decoder.blocks[3] = Spy(torch.zeros(1, 4, 1, 1)), Spy(torch.zeros(1, 64, 1, 1))
    decoder(seed, middle, torch.zeros(1), torch.zeros(1))
    assert spy.given[0, 7].tolist() == [[1, 11, 22, 32], [41, 51, 62, 72]]
