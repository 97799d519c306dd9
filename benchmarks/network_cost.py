"""Parameters and multiply-accumulates (convolutions and matrix products, one image) of every network, as a Markdown table.

Run: python benchmarks/network_cost.py
"""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from mtdense_ros.models import DenseNetwork, create_model

CASES: tuple[tuple[str, dict[str, object], tuple[int, int], tuple[str, ...] | None], ...] = (
    ("hydranet", {"num_classes": 6}, (480, 640), None),
    ("hydranet", {"num_classes": 40}, (480, 640), None),
    ("hydranet", {"num_classes": 40, "tasks": ("labels", "depth", "normals")}, (480, 640), None),
    ("mdeas", {}, (224, 224), None),
    ("mtdense", {}, (480, 640), None),
    ("mtdense", {}, (480, 640), ("foreground",)),
    ("mtdense", {}, (192, 256), None),
    ("mtdense", {}, (192, 256), ("foreground",)),
)


def giga_macs(net: DenseNetwork, size: tuple[int, int], outputs: tuple[str, ...] | None) -> float:
    """Multiply-accumulates in 1e9 for one image, with the background's features cached."""
    image = torch.rand(1, 3, *size)
    with torch.inference_mode():
        background = net.encode_background(image) if "foreground" in net.outputs else None
        with FlopCounterMode(display=False) as counter:
            net(image, background, outputs)
    return counter.get_total_flops() / 2e9


def main() -> None:
    print("| network | configuration | outputs | size | parameters | GMAC |\n|---|---|---|---|---|---|")
    for name, config, size, outputs in CASES:
        net = create_model(name, **config).eval()
        parameters = sum(p.numel() for p in net.parameters())
        settings = ", ".join(f"{k}={v}" for k, v in config.items()) or "default"
        wanted = " ".join(outputs or net.outputs)
        cost = giga_macs(net, size, outputs)
        print(f"| {name} | {settings} | {wanted} | {size[0]}x{size[1]} | {parameters:,} | {cost:.2f} |")


if __name__ == "__main__":
    main()
