"""Where tests find the project and the evaluation data, wherever they stand themselves."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MTDENSE_DATA", ROOT.parent / "shared" / "data"))
"""Assets and real frames; what needs them is skipped with the reason where they are absent."""
