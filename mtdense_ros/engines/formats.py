"""Which number formats an engine gains something from."""

from __future__ import annotations

from collections.abc import Mapping

FORMATS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("torch", "cpu"): ("fp32", "bf16"),
    ("torch", "cuda"): ("fp32", "bf16", "fp16"),
    ("openvino", "cpu"): ("fp32", "bf16"),
    ("onnxruntime", "cpu"): ("fp32",),
    ("onnxruntime", "cuda"): ("fp32",),
}
"""By engine and device ("cpu", "cuda"). Whether a processor has bf16 shows when the engine is made."""
