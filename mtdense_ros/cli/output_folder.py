"""Where commands write new weights."""

from __future__ import annotations

import os
from pathlib import Path

from mtdense_ros.utils.files import WEIGHTS_PATH_VARIABLE

OUT_HELP = f"folder (default: the first of {WEIGHTS_PATH_VARIABLE} that can be written to, else weights)"


def output_folder(given: Path | None) -> Path:
    """The folder that was given; else the first of MTDENSE_WEIGHTS_PATH that is there and can be written to; else weights."""
    if given is not None:
        return given
    named = [Path(entry) for entry in os.environ.get(WEIGHTS_PATH_VARIABLE, "").split(os.pathsep) if entry]
    return next((folder for folder in named if folder.is_dir() and os.access(folder, os.W_OK)), Path("weights"))
