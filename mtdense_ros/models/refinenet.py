"""The blocks of Light-Weight RefineNet (Nekrasov et al., BMVC 2018) that HydraNet and mtdense share."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class ChainedResidualPooling(nn.Module):
    """Stages of 5x5 max pooling and a 1x1 convolution, each fed by the one before; the sum of all is added to the input.

    If depthwise, the convolutions only scale the channels, which makes the pooling at stride 4 affordable.
    """

    def __init__(self, channels: int, stages: int, depthwise: bool = False) -> None:
        super().__init__()
        groups = channels if depthwise else 1
        self.stages = nn.ModuleList(nn.Conv2d(channels, channels, 1, groups=groups, bias=False) for _ in range(stages))

    def forward(self, x: Tensor) -> Tensor:
        top = x
        for conv in self.stages:
            top = conv(F.max_pool2d(top, 5, stride=1, padding=2))
            x = x + top
        return x
