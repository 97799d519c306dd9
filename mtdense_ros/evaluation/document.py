"""docs/accuracy.md from the committed figures: `python -m mtdense_ros.evaluation.document`, in the root of the sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mtdense_ros.evaluation import precision_report, scale_report, tables
from mtdense_ros.evaluation.report import Report
from mtdense_ros.evaluation.scoring import NETWORK
from mtdense_ros.utils.command_line import exit_code

FIGURES = Path("docs/accuracy")
"""Holds NAME.json as `mtdense eval` writes it and, where there are any, NAME.md with what was seen in the pictures, precision/NAME.json as
`mtdense precision` and scale/NAME.json as `python -m mtdense_ros.evaluation.scale` write it."""

DOCUMENT = Path("docs/accuracy.md")

_INTRODUCTION = """\
# Accuracy on real frames

Made by `python -m mtdense_ros.evaluation.document` from `docs/accuracy/*.json`, which `mtdense eval` writes. These frames are for
measuring only: nothing was trained, tuned or selected on them. `mtdense eval NAME --data folder:PATH` measures on a folder of your own.
It also draws a picture sheet per set. Its error rows show labels red where wrong; depth, after the frame's scale, blue if too near, red
if too far, magenta if missing; normals from blue (0) to red (60 degrees and more); foreground white if found, red if false, blue if missed.

Depth: a pixel without a prediction counts as an error (abs rel 1, outside every threshold, 0 m for the RMSE); *valid* is the share of
pixels with one. *Scaled*: one factor per frame, median of the truth over median of the prediction. *Edges found*: share of the true depth
edges (over 0.25 m between pixels 3 apart) with an edge of the scaled prediction within 3 pixels; *edges right*: the reverse. Labels: doors
count as wall, as in the truth. The tables compare the network with methods that need no learning or do not look at the image:

- *majority class*, *bands prior* (most frequent class of each band of rows), *training median*, *mean normal*: of the training set,
  from the weights' card; *for the focal length*: median of depth / focal length, times the camera's;
- *constant at the true median*: knows the median of each frame's truth; its scaled figures are those of any constant;
- *ground plane*: a level floor seen by a level camera at an assumed height of 1 m, unknown above the horizon and beyond 10 m;
- *rgb difference*, largest of the channels: *best t* has the threshold with the highest IoU on that very set, an advantage which the
  network does not have; *gain-compensated*: after the median ratio of each channel, also at a fixed 30 grey levels;
- *OpenCV MOG2 / KNN* with default settings, initialised with the empty images before the sequence, shadows as background: *frozen* from
  then on, as the network's background is, or *learning* from every frame.
"""

_UNCHANGED = """\
Each background of the sets against itself; largest false area over the backgrounds, in percent of the picture.
"""

_PEERS = """\
## Peers

Networks of others that learned on photographs, measured on the same frames as files (docs/your-own-network.md); they are no part of this
package. `deeplabv3_mobilenetv2_ade20k`: DeepLabv3 on MobileNetV2, a TFLite file of 513x513 pixels with logits of ADE20K's 150 classes,
mapped to the indoor classes by `config/labels/ade20k.yaml`.
"""


def document(folder: Path) -> str:
    """The document of all reports in a folder, in the order of their names."""
    parts = [_INTRODUCTION, *(_section(path) for path in sorted(folder.glob("*.json")))]
    peers = sorted((folder / "peers").glob("*.json"))
    return "\n".join([*parts, _peers(peers)] if peers else parts)


def main() -> None:
    """Writes the document."""
    DOCUMENT.write_text(document(FIGURES), encoding="utf-8")


def _peers(paths: Sequence[Path]) -> str:
    """Networks of others on the same frames, by `mtdense weights add` and `mtdense eval`: their labels, and the IoU of each class."""
    reports = [Report.read(path) for path in paths]
    entries = [
        {**entry, "method": report.name}
        for report in reports
        for entry in report.results
        if entry["method"] == NETWORK and entry["output"] == "labels"
    ]
    return f"{_PEERS}\n{tables.markdown(entries, level=3)}\n### IoU of each class of peers\n\n{tables.per_class(entries)}"


def _section(path: Path) -> str:
    report, notes = Report.read(path), path.with_suffix(".md")
    precision, scale = (path.parent / folder / path.name for folder in ("precision", "scale"))
    parts = [f"## {report.name}\n\n`{report.command}`, sha256 `{report.sha256[:12]}`: {report.protocol}.\n"]
    parts.append(tables.markdown(report.results, level=3))
    if any(entry["output"] == "labels" for entry in report.results):
        parts.append(f"### IoU of each class\n\n{tables.per_class(report.results)}")
    if report.unchanged:
        parts.append(f"### Nothing changed\n\n{_UNCHANGED}\n{tables.unchanged(report.unchanged)}")
    if notes.exists():
        parts.append(notes.read_text(encoding="utf-8"))
    if precision.exists():
        parts.append(f"### Reduced precision\n\n{precision_report.section(precision_report.PrecisionReport.read(precision))}")
    if scale.exists():
        parts.append(f"### Metric scale\n\n{scale_report.section(scale_report.ScaleReport.read(scale))}")
    if report.skipped:
        parts.append("### Not scored\n\n" + "".join(f"- {reason}\n" for reason in report.skipped))
    parts.append(f"### Frame by frame\n\n{tables.per_frame(report.results, level=4)}")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(exit_code(main))
