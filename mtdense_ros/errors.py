"""The package's error family. Every message says what is wrong, where, and how to mend it."""


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


class DependencyError(MtdenseError):
    """An optional library that is needed for what was asked and is not installed."""
