"""One forward pass for training: all pictures of a batch at once, and the raw outputs in the rows of its truths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from mtdense_ros.models import DenseNetwork
from mtdense_ros.models.efficientnet_lite import INPUT_MEAN, INPUT_STD, EfficientNetLite
from mtdense_ros.models.mdeas import Mdeas
from mtdense_ros.models.mtdense import MtDense
from mtdense_ros.training.batches import FOREGROUND, Batch


class TrainingPass(nn.Module):
    """A network over the pictures of a batch; what it computes in one call, so that gradients of several processes can be joined."""

    def __init__(self, net: DenseNetwork, targets: Sequence[str]) -> None:
        super().__init__()
        self.net = net
        self.targets = tuple(targets)

    def forward(self, images: Tensor, paired: Tensor) -> dict[str, Tensor]:
        """Raw outputs of normalised images (B + P, 3, H, W), frames first, and of the P pairs; see Batch."""
        frames = len(images) - len(paired)
        if isinstance(self.net, MtDense):
            return _shared_encoder(self.net, images, paired, self.targets)
        if isinstance(self.net, Mdeas):
            return self.net(images[paired], images[frames:], outputs=self.targets)  # type: ignore[no-any-return]
        return self.net(images, outputs=self.targets)  # type: ignore[no-any-return]


def truth_of(net: DenseNetwork, batch: Batch) -> Mapping[str, Tensor]:
    """The truths in the rows of what TrainingPass gives: those of the pairs for a network that needs a background for everything."""
    if needs_only_pairs(net):
        return {key: value if key == FOREGROUND else value[batch.paired] for key, value in batch.truth.items()}
    return batch.truth


def needs_pairs(net: DenseNetwork, targets: Sequence[str]) -> bool:
    """Whether some of the targets come from a picture and its background."""
    return bool(set(targets) & set(net.needs_background))


def needs_only_pairs(net: DenseNetwork) -> bool:
    """Whether a network gives nothing at all without a background."""
    return set(net.outputs) <= set(net.needs_background)


def _shared_encoder(net: MtDense, images: Tensor, paired: Tensor, targets: Sequence[str]) -> dict[str, Tensor]:
    """The dense outputs of all pictures and the foreground of the pairs, from one pass of the encoder."""
    features = net.encode(images)
    raw = net.dense(features, [task for task in targets if task != FOREGROUND])
    if FOREGROUND in targets:
        frames = len(images) - len(paired)
        ours, theirs = tuple(f[paired] for f in features), tuple(f[frames:] for f in features)
        raw[FOREGROUND] = net.change(ours, net.remembered(theirs))
    return raw


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class InputStatistics:
    """mean and std of RGB in [0, 1] that are taken out of a picture."""

    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD


def input_statistics(net: DenseNetwork) -> InputStatistics:
    """ImageNet's, but for mdeas, which takes [0, 1] as it is, and for EfficientNet-Lite, whose checkpoints have their own."""
    if isinstance(net, Mdeas):
        return InputStatistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    if isinstance(dict(net.named_children()).get("encoder"), EfficientNetLite):
        return InputStatistics(INPUT_MEAN, INPUT_STD)
    return InputStatistics()
