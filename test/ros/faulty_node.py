"""The node with an engine that fails on command: the text of the file MTDENSE_TEST_FAILURE is the failure of the frames that run now.

An engine that is made while the file says something is not affected: a repaired one, or the one that takes over. "worker dies" is no
failure of an engine but an error that nobody expects, and one that "is slow" takes 0.2 s longer for a frame.
"""

import os
import sys
import time
from pathlib import Path

import torch

from mtdense_ros.engines import torch_engine
from mtdense_ros.ros.node import main

ERRORS = {
    "device lost": torch.AcceleratorError("CUDA error: unspecified launch failure"),
    "out of memory": torch.OutOfMemoryError("Tried to allocate 20 MiB"),
    "raises": ZeroDivisionError("a bug"),
    "worker dies": SystemExit("a library that ends its thread"),
}
COMMAND = Path(os.environ["MTDENSE_TEST_FAILURE"])
SLOW_S = 0.2
fold = torch_engine.folded


def command() -> str:
    return COMMAND.read_text() if COMMAND.exists() else ""


def fail(*_):
    while command() == "hangs":
        time.sleep(0.01)
    if command() == "is slow":
        time.sleep(SLOW_S)
    if command() in ERRORS:
        raise ERRORS[command()]


def folded(net):
    made = fold(net)
    if not command():
        made.register_forward_pre_hook(fail)
    return made


if __name__ == "__main__":
    torch_engine.folded = folded
    sys.exit(main())
