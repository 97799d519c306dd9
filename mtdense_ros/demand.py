"""Which outputs of the network a set of wanted results needs, and why the others cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from mtdense_ros.errors import InputError, known_names

RESULTS = {
    "labels": "labels",
    "confidence": "confidence",
    "labels_color": "labels",
    "depth": "depth",
    "normals": "normals",
    "normals_color": "normals",
    "foreground": "foreground",
    "foreground_overlay": "foreground",
    "points": "depth",
}
"""Every result of a pipeline, named like its topic, and the output of records.OUTPUTS that it cannot be without."""

POINT_EXTRAS = ("labels", "confidence", "foreground")
"""Outputs that a cloud carries where they are to be had."""


@dataclass
class Demand:
    """outputs: to be computed; makeable: the results that they allow; missing: the reason for every other that was wanted.

    Results that every-n leaves out of this frame are in neither.
    """

    outputs: set[str] = field(default_factory=set)
    makeable: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)


def demand(
    wanted: Collection[str], obstacle: Callable[[str], str], due: Callable[[str], bool], result_obstacles: dict[str, str]
) -> Demand:
    """The demand of one frame.

    obstacle: why an output cannot be had, empty where it can; due: whether an output's turn has come; result_obstacles: why
    a result cannot be made even if its output can be had. Raises InputError on an unknown result.
    """
    answer = Demand()
    for name in wanted:
        if name not in RESULTS:
            raise InputError(f"result '{name}' is unknown; {known_names(name, RESULTS)}")
        output = RESULTS[name]
        reason = obstacle(output) or result_obstacles.get(name, "")
        if reason:
            answer.missing[name] = reason
        elif due(output):
            answer.makeable.add(name)
            answer.outputs.add(output)
    if "points" in answer.makeable:
        answer.outputs |= {extra for extra in POINT_EXTRAS if not obstacle(extra) and due(extra)}
    return answer
