"""The blocks of Light-Weight RefineNet, by hand."""

import torch

from mtdense_ros.models.refinenet import ChainedResidualPooling


def test_chained_residual_pooling_by_hand():
    # One bright pixel: the first stage spreads it over 5x5 and doubles it, the second spreads that over 9x9 and doubles again.
    crp = ChainedResidualPooling(1, 2)
    for conv in crp.stages:
        torch.nn.init.constant_(conv.weight, 2.0)
    x = torch.zeros(1, 1, 11, 11)
    x[0, 0, 5, 5] = 1.0
    out = crp(x)[0, 0]
    assert out[5, 5] == 1 + 2 + 4
    assert out[3, 3] == 2 + 4
    assert out[1, 9] == 4
    assert out[0, 5] == 0
