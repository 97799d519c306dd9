"""JSON as its standard has it: without NaN and Infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def finite(value: Any, digits: int | None = None) -> Any:
    """A value of dicts, lists, tuples and scalars in which every float that is NaN or infinite is None; digits: round the others."""
    if isinstance(value, Mapping):
        return {key: finite(inner, digits) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner, digits) for inner in value]
    if isinstance(value, float):
        return None if not math.isfinite(value) else value if digits is None else round(value, digits)
    return value


def to_json(value: Any) -> str:
    """The text of a file: indented, null for every float that is not finite."""
    return json.dumps(finite(value), indent=1, allow_nan=False) + "\n"


def to_json_by_line(content: Mapping[str, Any], digits: int | None = None) -> str:
    """The text of a file with a line per key, and in lists of objects a line per object, so that two files compare line by line."""
    parts = []
    for key, value in finite(content, digits).items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n  " + ",\n  ".join(json.dumps(entry, allow_nan=False) for entry in value) + "\n ]"
        else:
            text = json.dumps(value, allow_nan=False)
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
