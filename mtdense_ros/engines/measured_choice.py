"""Which engine `auto` uses: what `mtdense bench --choose` measured on this very machine, in the user's cache.

An entry holds only for the machine (processor, cores, GPU, version of every engine), the weights and the input size that it was
measured with. Everything else in the file is left alone, and a file that cannot be read counts as empty: the cache is a
convenience, and nothing may fail for want of it.

`auto` never takes a lower precision than fp32 by itself on the CPU. That changes results, which nobody who
installs an update or moves to another machine expects; so it takes a card that says the loss is small (`allowed_precisions`)
and a person who let this machine be measured.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mtdense_ros.engines.machine import DISTRIBUTIONS, Machine, this_machine
from mtdense_ros.errors import ConfigError
from mtdense_ros.utils.files import write_atomically
from mtdense_ros.weights import Card
from mtdense_ros.weights.precision import REDUCED

FORMAT = 1
Size = tuple[int, int]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """An engine on a device ("cpu" or "cuda") with a precision, and the median time of one image with all outputs."""

    engine: str
    device: str
    precision: str
    median_ms: float

    @property
    def text(self) -> str:
        """For people, as in "openvino bf16 on cpu"."""
        return f"{self.engine} {self.precision} on {self.device}"


def allowed_precisions(card: Card, engine: str) -> tuple[str, ...]:
    """The precisions that `auto` may choose for a network in an engine: fp32, and what the card allows."""
    return ("fp32", *(precision for precision in REDUCED if not precision_refusal(card, engine, precision)))


def precision_refusal(card: Card, engine: str, precision: str) -> str:
    """Why `auto` must not choose a precision for a network in an engine; "" if it may."""
    if precision not in REDUCED:
        return ""
    if card.precision is None:
        return f"the loss of {precision} is not on the card (mtdense precision measures it)"
    return card.precision.refusal(precision, engine, card.outputs)


def cached_choice(card: Card, size_hw: Size, device: str = "auto", precision: str = "auto", engine: str = "auto") -> Candidate | None:
    """The fastest of what was measured here for these weights at this input size, among what the other arguments leave.

    Device, precision and engine are those of create_engine; precision "auto" is only what the card allows. None where nothing of
    that was measured, or where anything in the machine's description has changed since.
    """
    measured = _measured(_read(cache_file()), _key(card, size_hw, this_machine()))
    fitting = [c for c in measured if engine in ("auto", c.engine) and _fits(c, card, device.partition(":")[0], precision)]
    return min(fitting, key=lambda candidate: candidate.median_ms, default=None)


def store_choice(card: Card, size_hw: Size, measured: Sequence[Candidate]) -> Path:
    """Keeps what was measured, in place of what was known for the same machine, weights and size; returns the file.

    Raises ConfigError where it cannot be written.
    """
    path, key = cache_file(), _key(card, size_hw, this_machine())
    named = {"name": card.name, **key, "candidates": [asdict(candidate) for candidate in measured]}
    with _alone(path):
        others = [entry for entry in _read(path) if not _is_of(entry, key)]
        _write(path, [*others, named])
    return path


def forget_choices(sha256: str | None = None) -> int:
    """Removes what was measured for the weights with this sha256, for all without one; the number of entries removed.

    Raises ConfigError where the file cannot be written.
    """
    path = cache_file()
    if not os.path.exists(path):  # unlike Path.exists, no error for a cache that is another user's
        return 0
    with _alone(path):
        entries = _read(path)
        kept = [entry for entry in entries if sha256 is not None and entry.get("sha256") != sha256]
        if len(kept) < len(entries) or sha256 is None:
            _write(path, kept)
    return len(entries) - len(kept)


def cache_file() -> Path:
    """engines.json in the user's cache: below XDG_CACHE_HOME where that is an absolute path (XDG Base Directory), else ~/.cache."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    root = named if os.path.isabs(named) else os.path.expanduser("~/.cache")  # unlike Path.home(), no error for users without a home
    return Path(root) / "mtdense_ros" / "engines.json"


def _fits(candidate: Candidate, card: Card, device: str, precision: str) -> bool:
    if device not in ("auto", candidate.device):
        return False
    return candidate.precision == precision if precision != "auto" else not precision_refusal(card, candidate.engine, candidate.precision)


def _key(card: Card, size_hw: Size, machine: Machine) -> dict[str, Any]:
    """What an entry must agree in, as JSON gives it back."""
    return {"sha256": card.sha256, "size_hw": list(size_hw), "machine": machine.as_json()}


def _is_of(entry: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
    return all(entry.get(name) == value for name, value in key.items())


def _measured(entries: Sequence[Mapping[str, Any]], key: Mapping[str, Any]) -> list[Candidate]:
    """The candidates of the entry with that key; none, after a warning, where it holds something else."""
    for entry in entries:
        if _is_of(entry, key):
            try:
                return [_candidate(fields) for fields in entry["candidates"]]
            except (KeyError, TypeError, ValueError) as error:
                _warn(f"its entry for '{entry.get('name')}' is damaged ({error})")
    return []


def _candidate(fields: Mapping[str, Any]) -> Candidate:
    found = Candidate(**fields)
    if found.engine not in DISTRIBUTIONS or not found.median_ms > 0:
        raise ValueError(f"engine {found.engine}, median_ms {found.median_ms}")
    return found


def _read(path: Path) -> list[dict[str, Any]]:
    """The entries of the file; none where there is no file, or, after a warning, where it is no file of ours."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _warn(f"cannot be read ({error})")
        return []
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("entries"), list):
        _warn("is not of this version")
        return []
    return [entry for entry in content["entries"] if isinstance(entry, dict)]


def _warn(problem: str) -> None:
    _log.warning("%s: %s, so no measured choice of an engine is used; mtdense bench --choose writes it again", cache_file(), problem)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Makes the folder; no other process changes the file meanwhile, as of two that add to what they have read one would be lost."""
    if not path.is_absolute():
        raise ConfigError(f"{path}: this user has no home folder; set XDG_CACHE_HOME to a folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as lock:
            with suppress(OSError):  # of a network's file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); set XDG_CACHE_HOME to a folder that can") from error


def _write(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    write_atomically(path, (json.dumps({"format": FORMAT, "entries": entries}, indent=1) + "\n").encode())
