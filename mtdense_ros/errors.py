"""The package's error family. Every message says what is wrong, where, and how to mend it."""

import difflib
from collections.abc import Iterable


class MtdenseError(Exception):
    """Base of all errors that this package raises on purpose."""


class ConfigError(MtdenseError):
    """A parameter, configuration file or combination of them that cannot work."""


class WeightsError(MtdenseError):
    """A weights file, its card or a foreign checkpoint that cannot be used."""


class InputError(MtdenseError):
    """An image, background, camera model or other run-time input that cannot be used."""


class ExportError(MtdenseError):
    """A network that another format cannot hold without changing what it computes."""


class DeviceError(MtdenseError):
    """A compute device that was asked for and is not there, or that was lost."""


class EngineError(MtdenseError):
    """A network's engine that failed while it ran, or that does not answer."""


class DependencyError(MtdenseError):
    """An optional library that is needed for what was asked and is not installed."""


def known_names(name: str, known: Iterable[str]) -> str:
    """The remedy part of an unknown-name error: the nearest known name, if any is near, and the full list."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    listed = ", ".join(names) if names else "none"
    return f"did you mean '{near[0]}'? known: {listed}" if near else f"known: {listed}"
