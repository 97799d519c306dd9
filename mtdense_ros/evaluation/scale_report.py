"""What a metric scale makes of the depth on real frames: as a JSON file and as a section of docs/accuracy.md."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mtdense_ros.errors import InputError
from mtdense_ros.utils.strict_json import to_json_by_line
from mtdense_ros.utils.tables import markdown_table, number

_MEANING = """\
Each frame is scaled alone, as the node's first frame is. *Range, 1 %*: against the true depth at 1 % of its pixels, drawn at random, which
are left out of the figures; *30 % wrong*: that share of them is too near or too far by a factor of up to 5. *One row*: the middle row
alone, as of a laser scanner. *Scale and shift*: the prediction's inverse is taken for inverse depth. *Camera height*, *and tilt*: those of
the floor plane in the frame's true depth, at the pixels that the network labels as floor. *Median*: the factor that knows all true pixels.
*Scaled*: frames with strong enough evidence; the others count as they are. A pixel without a prediction counts as an error of 1.
"""


@dataclass
class ScaleReport:
    """The figures of weights (name, sha256), and the command that measured them.

    results holds objects with set, frames, method, scaled (frames that had a scale), abs_rel, delta1, and scale and spread (medians
    over the frames, None for none).
    """

    name: str
    sha256: str
    command: str
    results: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> str:
        """The text of a file, one line per result."""
        return to_json_by_line(asdict(self), 4)

    @classmethod
    def read(cls, path: Path) -> ScaleReport:
        """The report of a file. Raises InputError."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            remedy = "write it with python -m mtdense_ros.evaluation.scale"
            raise InputError(f"{path}: no report of metric scales ({error}); {remedy}") from error


def section(report: ScaleReport) -> str:
    """Markdown: what the methods are, and their figures."""
    titles = ["set", "frames", "depth", "scaled", "abs rel", "delta 1", "factor", "spread"]
    rows = [
        [entry["set"], str(entry["frames"]), entry["method"], "-" if entry["method"] == "raw" else str(entry["scaled"])]
        + [number(entry[key], decimals) for key, decimals in (("abs_rel", 3), ("delta1", 3), ("scale", 2), ("spread", 2))]
        for entry in report.results
    ]
    return f"`{report.command}`.\n\n{_MEANING}\n{markdown_table(titles, rows, left=(0, 2))}"
