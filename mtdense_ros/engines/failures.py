"""What goes wrong while a network runs, by its cause: the device was lost, memory is short, or the library failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mtdense_ros.errors import DeviceError, EngineError, MtdenseError

_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc", "failed to allocate")
_LOST = ("cuda error", "cuda failure", "cudnn", "cublas")


@contextmanager
def engine_failures(engine: str, device: object) -> Iterator[None]:
    """Raises DeviceError for a device that was lost and EngineError for what else goes wrong in a runtime; errors of our own stay."""
    try:
        yield
    except MtdenseError:
        raise
    except Exception as error:  # those of the runtimes have no common base below this
        text = " ".join(str(error).split())
        if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or _says(text, _NO_MEMORY):
            remedy = "use a smaller size, fewer outputs or smaller weights"
            raise EngineError(f"engine {engine} on {device}: out of memory ({text or 'no details'}); {remedy}") from error
        if isinstance(error, torch.AcceleratorError) or (str(device).startswith("cuda") and _says(text, _LOST)):
            raise DeviceError(f"device {device}: {text}; restart the process, or use device: cpu") from error
        raise EngineError(f"engine {engine} on {device}: {type(error).__name__}: {text}; configure again, or use another engine") from error


def _says(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text.lower() for sign in signs)
