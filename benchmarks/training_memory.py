"""What a training step keeps in memory, by network and size: from shapes alone, so the table is the same on every machine.

Run: python -m benchmarks.training_memory
A step holds the weights, their gradients, two moments of Adam and the running average, and for every sample what the backward pass
needs again. Losses, the library's own buffers and the pictures come on top: RESERVE of the memory is left for them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mtdense_ros.models import DenseNetwork, create_model
from mtdense_ros.training.forward import TrainingPass

CASES = (
    ("mtdense", {}, (192, 256)),
    ("mtdense", {}, (240, 320)),
    ("mtdense", {}, (480, 640)),
    ("hydranet", {"num_classes": 6, "tasks": ("labels", "depth", "normals")}, (192, 256)),
    ("hydranet", {"num_classes": 6, "tasks": ("labels", "depth", "normals")}, (480, 640)),
    ("mdeas", {}, (224, 224)),
    ("lraspp", {"num_classes": 6}, (192, 256)),
    ("ffm", {}, (128, 160)),
)
MEMORIES_GB = (8, 80)
RESERVE = 0.25
COPIES = 5
MB = 1e6


def kept_bytes(net: DenseNetwork, size_hw: tuple[int, int], samples: int) -> int:
    """What the forward pass of so many samples, each a pair where the network reads pairs, keeps for the backward pass, float32."""
    kept: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    pairs = samples if "foreground" in net.outputs else 0
    images = torch.empty(samples + pairs, 3, *size_hw, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        raw = TrainingPass(net, net.outputs)(images, torch.arange(pairs))
    assert all(value.requires_grad for value in raw.values())
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def row(arch: str, config: dict[str, object], size_hw: tuple[int, int]) -> str:
    """One line of the table; the share of a sample is the difference that four more make."""
    with torch.device("meta"):
        net = create_model(arch, **config).train()
    sample = (kept_bytes(net, size_hw, 8) - kept_bytes(net, size_hw, 4)) / 4
    fixed = COPIES * sum(value.numel() * value.element_size() for value in net.parameters())
    batches = [int((gb * 1e9 * (1 - RESERVE) - fixed) // sample) for gb in MEMORIES_GB]
    height, width = size_hw
    return f"| {arch} | {height}x{width} | {fixed / MB:.0f} | {sample / MB:.0f} | {' | '.join(str(batch) for batch in batches)} |"


def main() -> None:
    columns = " | ".join(f"batch in {gb} GB" for gb in MEMORIES_GB)
    print(f"| network | size | fixed MB | MB per sample | {columns} |\n|---|---|---:|---:|" + "---:|" * len(MEMORIES_GB))
    for case in CASES:
        print(row(*case))


if __name__ == "__main__":
    main()
