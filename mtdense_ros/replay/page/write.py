"""The page: one HTML file that needs nothing from anywhere."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mtdense_ros.errors import ConfigError
from mtdense_ros.replay.drawing import depth_range
from mtdense_ros.replay.page.frames import PANELS, PageFrames, cloud, strip
from mtdense_ros.replay.report import Report
from mtdense_ros.utils.files import write_result
from mtdense_ros.utils.strict_json import finite
from mtdense_ros.weights import Card

NAME = "report.html"
NEEDS = ("jinja2", "plotly")


def page_absence() -> str:
    """Why no page can be written here, with the remedy; "" where it can."""
    missing = [package for package in NEEDS if find_spec(package) is None]
    return f"{NAME} needs {' and '.join(missing)}: pip install {' '.join(missing)}" if missing else ""


def write_page(report: Report, frames: PageFrames, cards: Sequence[Card], path: Path) -> int:
    """Writes the page; its size in bytes. Raises ConfigError where a package is missing, InputError where the file cannot be written."""
    if absence := page_absence():
        raise ConfigError(absence)
    import jinja2
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    folder = files("mtdense_ros.replay.page")
    template = environment.from_string(folder.joinpath("report.html.j2").read_text(encoding="utf-8"))
    text = template.render(
        report=report,
        panels=PANELS,
        classes=frames.space.classes if frames.space else (),
        cards=[_summary(card) for card in cards],
        data=_data(frames),
        plotly=get_plotlyjs(),
        script=folder.joinpath("report.js").read_text(encoding="utf-8"),
        style=folder.joinpath("report.css").read_text(encoding="utf-8"),
    )
    write_result(path, text, "--out")
    return len(text.encode())


def _data(frames: PageFrames) -> str:
    """Everything that the script shows, as JSON that may stand inside a script element."""
    kept, classes = frames.kept, frames.space.classes if frames.space else ()
    range_m = depth_range(each.small["depth"] for each in kept if "depth" in each.small)
    content = {
        "frames": [{"t": k.seconds, "n": len(k.points), "cloud": cloud(k), "strip": strip(k, frames.space, range_m)} for k in kept],
        "classes": [{"name": c.name, "color": f"#{bytes(c.color).hex()}"} for c in classes],
        "series": dataclasses.asdict(frames.series),
    }
    return json.dumps(finite(content, 4), separators=(",", ":")).replace("</", "<\\/")


def _summary(card: Card) -> list[tuple[str, Any]]:
    size = f"{card.input.width}x{card.input.height} {card.input.resize}"
    facts = {
        "name": card.name,
        "architecture": card.arch,
        "parameters": f"{card.parameters:,}",
        "sha256": card.sha256,
        "input": size,
        "outputs": ", ".join(card.outputs),
        "label space": card.label_space or "none",
        "depth": card.depth.kind if card.depth else "none",
        "licence": card.licence,
        "attribution": card.attribution,
    }
    return [(key, value) for key, value in facts.items() if value]
