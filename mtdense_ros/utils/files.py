"""Files that are written in one step, and where the files of the package are found."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from mtdense_ros.errors import InputError, MtdenseError, known_names


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file's content in one step; the folder must exist. Raises OSError, leaving the old file as it was."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp makes files for the owner alone
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_result(path: Path, content: str, option: str) -> None:
    """Writes what the user asked for with an option of a command, with the folders above it. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.encode())
    except OSError as error:
        raise InputError(f"{option} {path}: cannot be written ({error.strerror}); choose another file") from error


def make_folder(path: Path, option: str = "--out") -> Path:
    """The absolute path of the folder that the user named with an option of a command, made if it is missing. Raises InputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option} {path}: cannot be made ({error.strerror}); choose another folder") from error
    return path.absolute()


WEIGHTS_PATH_VARIABLE = "MTDENSE_WEIGHTS_PATH"
"""Environment variable: folders with weights (os.pathsep between them), searched before the package's own."""


def search_folders(kind: str) -> list[Path]:
    """Folders searched for `kind` ("weights", "config/labels"), in order; some may not exist.

    The order: MTDENSE_WEIGHTS_PATH (weights only), the source tree, share/mtdense_ros under each AMENT_PREFIX_PATH entry
    and under sys.prefix.
    """
    named = os.environ.get(WEIGHTS_PATH_VARIABLE, "") if kind == "weights" else ""
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep), sys.prefix]
    folders = [Path(entry) for entry in named.split(os.pathsep) if entry]
    source_tree = Path(__file__).resolve().parents[2]
    if (source_tree / "package.xml").is_file() or (source_tree / "pyproject.toml").is_file():
        folders.append(source_tree / kind)
    folders += [Path(prefix) / "share" / "mtdense_ros" / kind for prefix in prefixes if prefix]
    return list(dict.fromkeys(folders))


def find_resource(kind: str, name_or_path: str | Path, suffixes: str | tuple[str, ...], error: type[MtdenseError]) -> Path:
    """The file that a name or a path stands for.

    Anything with a folder separator or ending in a suffix is a path, with or without that suffix; anything else is a name,
    looked up as `name + suffix` in `search_folders(kind)`, with the first suffix first. Raises `error`, saying where it looked and
    which names exist.
    """
    suffixes = (suffixes,) if isinstance(suffixes, str) else suffixes
    text = os.fspath(name_or_path)
    if not text.strip():
        raise error(f"{kind}: the name is empty; {known_names('', known_resources(kind, suffixes))}")
    if os.sep in text or "/" in text or text.endswith(suffixes) or isinstance(name_or_path, Path):
        return _explicit(kind, Path(text).expanduser(), suffixes, error)
    folders = search_folders(kind)
    for folder in folders:
        for suffix in suffixes:
            candidate = folder / f"{text}{suffix}"
            if candidate.is_file():
                return candidate
    looked = ", ".join(str(folder) for folder in folders)
    raise error(f"{kind}: no '{text}{suffixes[0]}' in {looked}; {known_names(text, known_resources(kind, suffixes))}, or give a path")


def known_resources(kind: str, suffixes: str | tuple[str, ...]) -> dict[str, Path]:
    """All names of a kind and the file each stands for: the first one found, as in find_resource."""
    suffixes = (suffixes,) if isinstance(suffixes, str) else suffixes
    found: dict[str, Path] = {}
    for folder in search_folders(kind):
        for suffix in suffixes:
            for path in sorted(folder.glob(f"*{suffix}")):
                found.setdefault(path.name.removesuffix(suffix), path)
    return found


def _explicit(kind: str, path: Path, suffixes: tuple[str, ...], error: type[MtdenseError]) -> Path:
    given = path.name.endswith(suffixes)
    candidates = [path] if given else [*(path.with_name(path.name + suffix) for suffix in suffixes), path]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise error(f"{kind}: the file {candidates[0].absolute()} does not exist; correct the path, or give a name: "
                f"{known_names(path.stem, known_resources(kind, suffixes))}")
