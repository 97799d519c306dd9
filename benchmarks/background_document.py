"""docs/background.md from its figures: `python -m benchmarks.background_document`, in the root of the sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import record
from mtdense_ros.pipeline.camera_watch import MIN_QUALITY, WatchSettings
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.tables import NONE, markdown_table, number

FIGURES, DOCUMENT = Path("docs/background/watch.json"), Path("docs/background.md")

SCENES, HALF = ("empty", "people", "more than half covered"), 0.5
"""What is before the camera, by the share of the picture that people cover."""

NOTHING = 0.005
"""A false mask of less than this share of the picture is none."""

Entry = dict[str, Any]

_INTRODUCTION = """\
# How the background looks after itself

Made by `python -m benchmarks.background_document` from `docs/background/watch.json`, which `python -m benchmarks.background_watch`
writes. [node.md](node.md#the-background-looks-after-itself) says what the node does and which parameters there are; this page says
how it finds out, and how well.

{rate:g} times a second (`background.watch_rate`) a frame is averaged to 160 pixels in width and compared with the background's raw
picture, averaged alike. Blocks of 20x20 pixels that have texture are searched for by zero-normalised cross-correlation, which gain
and offset do not change; a block that something covers is not found. A shift and a rotation are fitted to the displacements by
iteratively reweighted least squares, each block counting along the directions that its texture fixes. Where few blocks agree, the
search goes on further away, and from a shift by phase correlation. On the blocks that agree the light is compared. Three checks in a
row make a fault, and three end it.

- *camera moved*: the root mean square of the displacements of all pixels is more than `background.motion_px` ({motion_px:g} px) while
  at least {quality:.0%} of the blocks agree; or nothing of the background has been seen for more than 2 s.
- *light changed*: brightness, colours or shadows are beyond limits below which the network's mask was right; see the table of the light.
- *camera blocked*: black (99 % of the pixels darker than 20), covered (no detail anywhere, and dark, or bright where the background has
  detail), or frozen. A picture that repeats bit for bit is held against a camera only after it has shown noise: 20 pairs of
  pictures that differed in nearly every row while nothing was seen to move. A simulated camera without noise never shows
  that, so it may stand still for as long as it likes, and so may a recorded image that is sent again and again.

## Rendered rooms

{rooms} furnished rooms at 640x480, each empty and with {groups} different groups of people, with noise of 3 grey levels and an exposure
that wanders by 5 %. The camera is turned or rolled by exact amounts. Times are upper bounds: the change may come right after a check.
"""

_QUIET = """\
### Nothing happened

Groups of people come and stand there for {stay:.0f} s. The promise is for a foreground of up to half of the picture; where people
cover more, up to {covered:.0%}, the camera may count as moved after 2 s, for nothing of the background is in view.
"""

_MOTION = """\
### The camera moved

*found*, *ended*: within 1 s; *px*: the displacement that was measured, median and range. Below {motion_px:g} px there is nothing to find.
*Other faults*: trials in which another one held meanwhile.
"""

_COVER = """\
### The camera was covered
"""

_LIGHT = """\
### The light changed

*false mask*: share of the empty room that the mask of `{weights}` calls foreground, mean and largest of the rooms, with the background as
it was, and with its gain and offset compensated (`background.on_light: compensate`). Brightness is changed without automatic exposure;
*other lamps* is another lighting of the room, exposed anew. Trials with people who cover more than half are left out. *Other faults*: so
dark that the camera counts as black.
{unflagged}
"""

_MASKS = """\
### The mask of a camera that moved

The same for a moved camera: as it was (`background.on_motion: report`), and with the background warped (`compensate`, up to 12 px).
"""

_REAL = """\
## Real still cameras

Every frame of the sets of docs/accuracy.md against its background, as it is and warped (its border mirrored). *alarms*: frames
that would count as moved, each by itself. *seen again*: the smallest share of the blocks. How far the search goes was
chosen after shifts of 20 px along the diagonal had failed on them; nothing else was tuned on these frames.
"""


def document(content: dict[str, Any]) -> str:
    """The page of the figures."""
    quiet, settings = content["quiet"], WatchSettings()
    motions = [entry for entry in content["events"] if entry["change"].endswith((" px", " deg"))]
    light = [entry for entry in content["events"] if entry["change"].startswith(("brightness", "red", "other"))]
    cover = [entry for entry in content["events"] if entry not in motions and entry not in light]
    rooms = len({entry["room"] for entry in quiet})
    said = {"rooms": rooms, "groups": len(quiet) // rooms, "quality": MIN_QUALITY}
    said |= {"motion_px": settings.motion_px, "rate": settings.rate_hz}
    covered = max(entry["covered"] for entry in quiet)
    return "\n".join(
        [
            _INTRODUCTION.format(**said),
            _QUIET.format(covered=covered, stay=quiet[0]["frames"] / 2 / settings.rate_hz),
            _quiet(quiet),
            _MOTION.format(**said),
            _events(motions, px=True),
            _COVER,
            _events(cover, px=False),
            _LIGHT.format(weights=content["weights"], unflagged=_unflagged(light, content["masks"])),
            _light(light, content["masks"]),
            _MASKS,
            _masks([m for m in content["masks"] if m["change"].endswith((" px", " deg"))]),
            _REAL,
            _real(content["real"]),
            _costs(content),
        ]
    )


def _quiet(entries: Sequence[Entry]) -> str:
    rows = []
    for scene in ("up to half", "more than half"):
        mine = [entry for entry in entries if (entry["covered"] > HALF) == (scene == "more than half")]
        frames = sum(entry["frames"] for entry in mine)
        counts = [sum(entry[fault] for entry in mine) for fault in ("moved", "blocked", "light")]
        rows.append((scene, str(len(mine)), f"{frames:,}", *map(str, counts), number(1000 * sum(counts) / frames, 1) if frames else NONE))
    faults = ("camera moved", "camera blocked", "light changed")
    return markdown_table(("people cover", "groups", "frames", *faults, "false alarms in 1,000 frames"), rows)


def _events(entries: Sequence[Entry], px: bool) -> str:
    rows = []
    kinds = [(entry["change"], _scene(entry)) for entry in entries]
    for change, scene in sorted(set(kinds), key=lambda kind: (kinds.index((kind[0], "empty")), SCENES.index(kind[1]))):
        mine = [entry for entry, kind in zip(entries, kinds, strict=True) if kind == (change, scene)]
        shifts = [entry["shift"] for entry in mine if entry["shift"] is not None]
        measured = f"{np.median(shifts):.1f} ({min(shifts):.1f} to {max(shifts):.1f})" if shifts else NONE
        row = (change, scene, str(len(mine)), _within_a_second(mine, "found_s"), _within_a_second(_found(mine), "ended_s"))
        rows.append((*row, measured, _others(mine)) if px else (*row, _others(mine)))
    titles = ("change", "scene", "trials", "found", "ended")
    return markdown_table((*titles, "px", "other faults") if px else (*titles, "other faults"), rows, left=(0, 1))


def _scene(entry: Entry) -> str:
    return "more than half covered" if entry["covered"] > HALF else str(entry["scene"])


def _found(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry["found_s"] is not None]


def _within_a_second(entries: Sequence[Entry], key: str) -> str:
    if not entries:
        return NONE
    return f"{np.mean([entry[key] is not None and entry[key] <= 1.0 for entry in entries]):.0%}"


def _others(entries: Sequence[Entry]) -> str:
    return str(sum(bool(entry["others"]) for entry in entries))


def _light(events: Sequence[Entry], masks: Sequence[Entry]) -> str:
    rows = []
    for change in dict.fromkeys(entry["change"] for entry in events):
        mine = [entry for entry in events if entry["change"] == change and entry["covered"] <= HALF]
        areas = [mask for mask in masks if mask["change"] == change]
        rows.append((change, str(len(mine)), _within_a_second(mine, "found_s"), _others(mine), *_areas(areas)))
    return markdown_table(("change", "trials", "light changed", "other faults", "false mask", "compensated"), rows)


def _unflagged(events: Sequence[Entry], masks: Sequence[Entry]) -> str:
    """What the limits let through, and what they stop in vain, of the empty rooms."""
    areas = {(mask["room"], mask["change"]): mask["false_area"] for mask in masks}
    flagged, passed = [], []
    for event in events:
        if event["scene"] == "empty":
            stopped = event["found_s"] is not None or event["others"]
            (flagged if stopped else passed).append(areas[event["room"], event["change"]])
    needless = sum(area < NOTHING for area in flagged)
    return (
        f"Of the {len(passed)} empty rooms without a fault the largest false mask is {max(passed, default=0.0):.1%};\n"
        f"of the {len(flagged)} with one, {needless} have less than {NOTHING:.1%}: the limits are on the careful side."
    )


def _masks(masks: Sequence[Entry]) -> str:
    changes = dict.fromkeys(mask["change"] for mask in masks)
    rows = [(change, *_areas([mask for mask in masks if mask["change"] == change])) for change in changes]
    return markdown_table(("change", "false mask", "compensated"), rows)


def _areas(masks: Sequence[Entry]) -> tuple[str, str]:
    first, second = ([mask[key] for mask in masks] for key in ("false_area", "compensated"))
    return f"{np.mean(first):.1%} ({max(first):.1%})", f"{np.mean(second):.1%} ({max(second):.1%})"


def _real(entries: Sequence[Entry]) -> str:
    rows = []
    for name, motion in dict.fromkeys((entry["set"], entry["motion"]) for entry in entries):
        mine = [entry for entry in entries if (entry["set"], entry["motion"]) == (name, motion)]
        shifts = [entry["shift"] for entry in mine]
        alarms = sum(e["shift"] > WatchSettings.motion_px and e["quality"] >= MIN_QUALITY for e in mine)
        measured = f"{np.median(shifts):.1f} ({min(shifts):.1f} to {max(shifts):.1f})"
        rows.append((name, motion, str(len(mine)), str(alarms), measured, f"{min(entry['quality'] for entry in mine):.0%}"))
    return markdown_table(("set", "moved by", "frames", "alarms", "px", "seen again"), rows, left=(0, 1))


def _costs(content: dict[str, Any]) -> str:
    costs = content["costs"]
    check, copy, machine = costs["check_ms"], costs["copy_ms"], content["machine"]
    return (
        f"## Cost\n\nA check of an unmoved camera takes {check:.1f} ms of processor time at 640x480, {check / copy:.0f} times a copy\n"
        f"of the frame ({copy:.2f} ms) in the same run; at 30 Hz that is {check * WatchSettings.rate_hz / 30:.1f} ms a frame.\n"
        f"A new background takes {costs['reference_ms']:.1f} ms beside its encoding. {machine['cpu']}, with other programs running\n"
        f"(load {content['load_before']:g} on {machine['cores']} cores).\n"
    )


def main() -> None:
    """Writes the page."""
    content = record.read(FIGURES)
    if content is not None:
        DOCUMENT.write_text(document(content), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(exit_code(main))
