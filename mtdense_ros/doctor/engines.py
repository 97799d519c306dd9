"""Which weights are there and whole, which engines are installed, and which one `auto` takes, tried on a frame."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mtdense_ros.doctor.libraries import answer_of
from mtdense_ros.doctor.probe import FAIL, OK, SKIP, Finding
from mtdense_ros.parameters import Parameters
from mtdense_ros.utils.files import known_resources, search_folders

TRY_S = 100.0

_INSTALLED = """
from mtdense_ros.engines.create import installed_engines
from mtdense_ros.engines.machine import engine_version
facts = {"engines": {name: [engine_version(name), reason] for name, reason in installed_engines().items()}}
"""
_TRY = """
import time
import numpy
from mtdense_ros.inference.predictor import Predictor
predictor = Predictor.load({name!r})
rgb, times = numpy.zeros((480, 640, 3), numpy.uint8), []
background = predictor.encode_background(rgb) if any(map(predictor.needs_background, predictor.outputs)) else None
for _ in range(7):
    start = time.perf_counter()
    predictor.predict(rgb, background=background)
    times.append(time.perf_counter() - start)
facts = {{"engine": predictor.engine_name, "rule": predictor.engine_rule, "device": predictor.device_name,
          "precision": predictor.precision, "ms": sorted(times[2:])[2] * 1e3}}
"""


def weights() -> list[Finding]:
    """Compares each file that a name stands for with its card."""
    found = known_resources("weights", ".safetensors")
    if not found:
        folders = ", ".join(str(folder) for folder in search_folders("weights"))
        return [Finding(FAIL, "weights", f"none in {folders}", "copy some there, or set MTDENSE_WEIGHTS_PATH to their folder")]
    return [_checked(name, path) for name, path in found.items()]


def _checked(name: str, path: Path) -> Finding:
    """Reads the card as plain JSON: the package's own reader needs torch."""
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        expected = str(card["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"the card of {path} cannot be read ({type(error).__name__}: {error})"
        return Finding(FAIL, "weights", reason, "copy the JSON file that came with the weights")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return Finding(FAIL, "weights", f"{path} cannot be read ({error.strerror})", "check its permissions")
    if digest != expected:
        text = f"{path}: sha256 is {digest[:12]}..., its card says {expected[:12]}..."
        return Finding(FAIL, "weights", text, "copy file and card again (a Git LFS pointer, a broken download?)")
    return Finding(OK, "weights", f"{name}: {path}, sha256 {digest[:12]}... as its card says")


def engines() -> Iterator[Finding]:
    """The installed engines, then the one that `auto` takes for the node's default weights."""
    answer = answer_of(_INSTALLED)
    if answer.problem:
        yield Finding(FAIL, "engines", answer.problem, "repair torch first, see above")
        return
    yield from installed(answer.facts["engines"])
    yield chosen(default_weights())


def installed(found: Mapping[str, Any]) -> list[Finding]:
    """One finding per engine. found: {name: (version, None or why it is absent, with the line that installs it)}."""
    return [
        Finding(OK, "engines", f"{name} {version}") if reason is None else Finding(SKIP, "engines", str(reason))
        for name, (version, reason) in found.items()
    ]


def default_weights() -> str:
    """The name of the node's default weights if they are there, else the first name; empty without any."""
    names = known_resources("weights", ".safetensors")
    preferred = [name for name in Parameters().weights if name in names]
    return next(iter([*preferred, *names]), "")


def chosen(name: str) -> Finding:
    """The engine that `auto` takes for weights of this name, and how long a frame takes."""
    if not name:
        return Finding(SKIP, "engine of auto", "no weights to try it with")
    answer = answer_of(_TRY.format(name=name), TRY_S)
    if answer.problem:
        return Finding(FAIL, "engine of auto", f"{name}: {answer.problem}", "choose another: parameter engine")
    facts = answer.facts
    where = f"{facts['engine']} on {facts['device']}, {facts['precision']} ({facts['rule']})"
    return Finding(OK, "engine of auto", f"{name}: {where}; {facts['ms']:.0f} ms for a frame of 640x480, all outputs")
