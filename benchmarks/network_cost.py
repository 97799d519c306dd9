"""Parameters and multiply-accumulates (convolutions and matrix products, one image) of every network, as a Markdown table.

Run: python benchmarks/network_cost.py
"""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from mtdense_ros.models import DenseNetwork, create_model

Case = tuple[str, dict[str, object], tuple[int, int], tuple[str, ...] | None]

FFM_LARGE = {"backbone": "large", "widths": (256, 128, 64, 32, 16)}
CASES: tuple[Case, ...] = (
    ("hydranet", {"num_classes": 6}, (480, 640), None),
    ("hydranet", {"num_classes": 6}, (350, 1200), None),
    ("hydranet", {"num_classes": 40}, (480, 640), None),
    ("hydranet", {"num_classes": 40, "tasks": ("labels", "depth", "normals")}, (480, 640), None),
    ("hydranet", {"num_classes": 46}, (480, 640), None),
    ("hydranet", {"num_classes": 46}, (350, 1200), None),
    ("mdeas", {}, (224, 224), None),
    ("lraspp", {}, (520, 520), None),
    ("lraspp", {}, (224, 224), None),
    ("lraspp", {"num_classes": 19}, (512, 1024), None),
    ("lraspp", {"num_classes": 19, "reduced_tail": True}, (512, 1024), None),
    ("lraspp", {"backbone": "small"}, (224, 224), None),
    ("ffm", {}, (128, 160), None),
    ("ffm", {"tasks": ("labels",)}, (128, 160), None),
    ("ffm", FFM_LARGE, (128, 160), None),
    ("mtdense", {}, (480, 640), None),
    ("mtdense", {}, (480, 640), ("foreground",)),
    ("mtdense", {}, (192, 256), None),
    ("mtdense", {}, (192, 256), ("foreground",)),
)


def giga_macs(net: DenseNetwork, size: tuple[int, int], outputs: tuple[str, ...] | None) -> float:
    """Multiply-accumulates in 1e9 for one image, with the background's features cached; the network may be on the meta device."""
    image = torch.empty(1, 3, *size, device=next(net.parameters()).device)
    with torch.inference_mode():
        background = net.encode_background(image) if "foreground" in net.outputs else None
        with FlopCounterMode(display=False) as counter:
            net(image, background, outputs)
    return counter.get_total_flops() / 2e9


def main() -> None:
    print("| network | configuration | outputs | size | parameters | GMAC |\n|---|---|---|---|---|---|")
    for name, config, size, outputs in CASES:
        with torch.device("meta"):  # shapes alone decide the cost, so nothing is computed
            net = create_model(name, **config).eval()
        parameters = sum(p.numel() for p in net.parameters())
        settings = ", ".join(f"{k}={v}" for k, v in config.items()) or "default"
        wanted = " ".join(outputs or net.outputs)
        cost = giga_macs(net, size, outputs)
        print(f"| {name} | {settings} | {wanted} | {size[0]}x{size[1]} | {parameters:,} | {cost:#.3g} |")


if __name__ == "__main__":
    main()
