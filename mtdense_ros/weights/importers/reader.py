"""Reading checkpoints of others: torch's formats, old and new, and safetensors. Nothing that is pickled is executed."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors

from mtdense_ros.errors import WeightsError
from mtdense_ros.weights.importers.legacy_pickles import STAND_INS, named_code, with_text_strings
from mtdense_ros.weights.importers.wheel import SUFFIX, read_wheel

_ZIP = b"PK"
_TORCHSCRIPT_FILE = "constants.pkl"
_ELSEWHERE = "where you trust its source, load it there and save only its state_dict() with torch.save"
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257


def read_foreign(path: str | Path) -> dict[str, Any]:
    """What torch.save of any version from 0.4 on, also under Python 2, or safetensors wrote to a file, or to the one in a wheel.

    Tensors on the CPU, numbers, text and plain containers only: any other class or function in a pickle is refused, never
    executed. Byte strings of Python 2 are read as latin1, numpy's numbers become Python's.
    Raises WeightsError for a missing or damaged file and for one that holds anything else.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"checkpoint {path}: the file does not exist; correct the path")
    try:
        content = _read(path, read_wheel(path).content if path.suffix == SUFFIX else path.read_bytes())
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        code = named[1] if named else named_code(path.read_bytes())
        reason = f"loading it would run code ('{code}')" if code else "it is damaged or holds more than tensors"
        raise WeightsError(f"checkpoint {path}: refused, {reason}; {_ELSEWHERE}") from error
    except WeightsError:
        raise
    except Exception as error:  # a file that is no checkpoint fails in any way
        reason = f"{type(error).__name__}: {error}".partition(". ")[0]
        raise WeightsError(f"checkpoint {path}: not a file of torch.save, or damaged ({reason}); download it again") from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"checkpoint {path}: holds a {type(content).__name__}, no state_dict; save the network's state_dict()")
    return dict(content)


def _read(path: Path, file: bytes) -> Any:
    """The content of a file, by the format that its first bytes tell; `path` names it in errors."""
    head = file[: _TAR_MARK_AT + len(_TAR_MARK)]
    if head.startswith(_ZIP):
        _refuse_torchscript(path, file)
        return _unpickled(file)
    if head[8:9] == b"{":  # after the length of its header, which is JSON
        return _read_safetensors(path, file)
    if head[_TAR_MARK_AT:] == _TAR_MARK:
        raise WeightsError(f"checkpoint {path}: is a tar file, as torch before 0.1.10 wrote; {_ELSEWHERE}")
    return _unpickled(with_text_strings(file))


def _unpickled(file: bytes) -> Any:
    with torch.serialization.safe_globals(STAND_INS):  # type: ignore[arg-type]
        return torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)


def _refuse_torchscript(path: Path, file: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
    if _TORCHSCRIPT_FILE in names:
        raise WeightsError(f"checkpoint {path}: refused, it is a TorchScript program, which is code; {_ELSEWHERE}")


def _read_safetensors(path: Path, file: bytes) -> dict[str, Any]:
    try:
        return load_safetensors(file)
    except SafetensorError as error:
        raise WeightsError(f"checkpoint {path}: no valid safetensors file ({error}); download it again") from error
