"""The figures of one evaluation as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mtdense_ros.errors import InputError
from mtdense_ros.utils.strict_json import finite, to_json_by_line

PROTOCOL = "at camera size through the predictor, fp32; counts pooled over all pixels of the set; never used to train, tune or select"
DECIMALS = 4


@dataclass
class Report:
    """The figures of weights (name, sha256), and the command that measured them.

    results and unchanged hold the entries of Scores.results and of false_areas, each with its "set"; skipped says what was not
    scored, and why.
    """

    name: str
    sha256: str
    command: str
    protocol: str = PROTOCOL
    results: list[dict[str, Any]] = field(default_factory=list)
    unchanged: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def metrics(self) -> tuple[dict[str, Any], ...]:
        """What a card keeps of the results: no single frames."""
        kept = ({key: value for key, value in entry.items() if key != "per_frame"} for entry in self.results)
        return tuple({**entry, "protocol": self.protocol} for entry in kept)

    def to_json(self) -> str:
        """The text of a file, one line per entry."""
        return to_json_by_line(asdict(self), DECIMALS)

    @classmethod
    def read(cls, path: Path) -> Report:
        """The report of a file. Raises InputError."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: no report of an evaluation ({error}); write it with mtdense eval") from error


def rounded(value: Any) -> Any:
    """The value with all its numbers rounded to DECIMALS, and None for those that are not finite."""
    return finite(value, DECIMALS)
