"""A budget in words, for the log and /diagnostics."""

from __future__ import annotations

from fractions import Fraction

from mtdense_ros.budget.concessions import Setting
from mtdense_ros.budget.costs import Costs, Targets


def given_up(setting: Setting, input_size: str) -> str:
    """What a setting gives up, "nothing" if so; input_size: of the networks, such as "192x128"."""
    parts = []
    if setting.fast_labels:
        parts.append("labels.upsampling fast")
    if setting.precision:
        parts.append(f"precision {setting.precision}")
    if setting.every > 1:
        parts.append(f"labels and normals in turn, each on every {setting.every}{'nd' if setting.every == 2 else 'rd'} frame")
    if setting.fraction < 1:
        parts.append(f"size {input_size}, {Fraction(setting.fraction)} of the sides")
    return ", ".join(parts) or "nothing"


def kept(targets: Targets, costs: Costs | None) -> str:
    """The measured latency and rate beside the budget."""
    if not targets.any:
        return "off"
    if costs is None:
        return "measuring"
    parts = []
    if targets.latency_ms > 0:
        parts.append(f"latency p90 {costs.latency:.1f} of {targets.latency_ms:g} ms")
    if targets.rate_hz > 0:
        camera = f" (the camera sends {1e3 / costs.period:.1f})" if costs.period > 0 else ""
        parts.append(f"rate {costs.rate_hz:.1f} of {targets.rate_hz:g} Hz{camera}")
    return ", ".join(parts)
