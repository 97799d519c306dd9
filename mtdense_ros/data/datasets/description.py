"""What `dataset.yaml` may say: the keys of a plain folder, which folder.py explains, and the check of their values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtdense_ros.data.datasets.intrinsics import read_yaml
from mtdense_ros.data.datasets.units import AXES
from mtdense_ros.errors import ConfigError, known_names

DESCRIPTION = "dataset.yaml"
TARGETS = ("labels", "depth", "normals", "foreground")

KEYS = ("image", *TARGETS, "background", "label_space", "labels_first", "labels_void", "depth_kind", "depth_factor", "normals_axes",
        "intrinsics", "licence", "splits", "provenance")  # fmt: skip
"""Everything that a description can say."""

_DEPTH_KINDS = ("metric", "relative")

_DUE = {
    "background": "give a pattern such as empty/*.png, or one file",
    "label_space": "name the label space, with 'labels' and only then",
    "labels_first": "give the stored value of class 0",
    "labels_void": "give a list of stored values, or of [r, g, b]",
    "depth_kind": f"use one of {', '.join(_DEPTH_KINDS)}",
    "depth_factor": "give the stored values per metre, with metric depth and only then",
    "normals_axes": f"use one of {', '.join(AXES)}",
    "splits": "give a mapping of names to text files",
}


def read_description(where: Path) -> Mapping[str, Any]:
    """The description in that file, its keys and values checked. Raises ConfigError, naming the file and the key."""
    content = read_yaml(where)
    if not isinstance(content, Mapping):
        raise ConfigError(f"{where}: must be a mapping; it needs at least image: rgb/*.png")
    for key in content:
        if key not in KEYS:
            raise ConfigError(f"{where}: unknown key '{key}'; {known_names(str(key), KEYS)}")
    for key, good in _rules(content).items():
        if not good:
            raise ConfigError(f"{where}: '{key}' is missing, of the wrong kind, or has nothing to say of ({content.get(key)!r}); "
                              f"{_DUE.get(key, 'give a pattern such as rgb/*.png')}")
    return content


def _rules(content: Mapping[str, Any]) -> dict[str, bool]:
    """For each key that needs a check, whether what the description says, or leaves out, is right."""
    metric = "depth" in content and content.get("depth_kind", "metric") == "metric"
    factor, splits = content.get("depth_factor", 1), content.get("splits", {})
    void = content.get("labels_void", [])
    return {
        "image": isinstance(content.get("image"), str) and "*" in content["image"],
        **{key: isinstance(content[key], str) and "*" in content[key] for key in TARGETS if key in content},
        "background": isinstance(content.get("background", ""), str),
        "label_space": isinstance(content.get("label_space"), str) if "labels" in content else "label_space" not in content,
        "labels_first": type(content.get("labels_first", 0)) is int,
        "labels_void": isinstance(void, list) and all(_is_void(value) for value in void),
        "depth_kind": content.get("depth_kind", "metric") in _DEPTH_KINDS,
        "depth_factor": type(factor) in (int, float) and factor > 0 and metric == ("depth_factor" in content),
        "normals_axes": content.get("normals_axes", "optical") in AXES,
        "splits": isinstance(splits, Mapping) and all(isinstance(name, str) for name in splits.values()),
    }


def _is_void(value: Any) -> bool:
    return type(value) is int or (isinstance(value, list) and len(value) == 3 and all(type(v) is int for v in value))
