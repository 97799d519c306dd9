"""The models of all furniture libraries in a folder that a family of sets may show, prepared once and kept in the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.synthetic.objects.furniture_categories import category_of
from mtdense_ros.synthetic.objects.furniture_library import Entry, FurnitureLibrary
from mtdense_ros.synthetic.rendering.gltf import Primitive
from mtdense_ros.synthetic.rendering.meshes import Mesh
from mtdense_ros.synthetic.rendering.simplification import limited

FOLDER = Path("/usr/share/sweethome3d/furniture")
"""Where Debian's package sweethome3d-furniture puts its libraries."""

TRAINING, VALIDATION = "training", "validation"
FAMILIES = (TRAINING, VALIDATION)

HELD_OUT_LIBRARY = "Blend Swap CC-BY"
HELD_OUT_MODELS = frozenset({("Kator Legaz catalog", "female-01-casual-clothing"), ("Kator Legaz catalog", "male-01-suit")})
"""What only the validation family shows: a library by its catalogue's name, and two people of another."""

TRIANGLES = {"large": 7000, "small": 2500}
"""Most triangles of a model larger or smaller than half a metre."""

PICTURE = 256
"""Side in pixels of the pictures on models."""

_VERSION = 4
"""Of the prepared files; another number makes all of them anew."""


@dataclass(frozen=True)
class Credit:
    """Whose work a model is: its library, key and name there, author and licence (SPDX)."""

    library: str
    key: str
    name: str
    creator: str
    licence: str


@dataclass(frozen=True)
class Model:
    """A prepared model: credit, category, elevation above the floor in metres and its primitives, as of FurnitureLibrary.read."""

    credit: Credit
    category: str
    elevation: float
    primitives: Sequence[Primitive]


def licence_of(text: str) -> str | None:
    """The SPDX name of the licence that a catalogue states, None for one that does not allow what training needs."""
    lower = text.lower()
    if "public domain" in lower or "cc0" in lower:
        return "CC0-1.0"
    if "creative commons" in lower and "attribution 3.0" in lower and "share" not in lower and "commercial" not in lower:
        return "CC-BY-3.0-US" if "united states" in lower else "CC-BY-3.0"
    return None


def family_of(credit: Credit) -> str:
    """The one family of sets that may show a model."""
    held_out = credit.library == HELD_OUT_LIBRARY or (credit.library, credit.key) in HELD_OUT_MODELS
    return VALIDATION if held_out else TRAINING


def load_stock(folder: Path, family: str) -> list[Model]:
    """All models of a family. Raises ConfigError on an unknown family, InputError where the folder holds no usable library."""
    if family not in FAMILIES:
        raise ConfigError(f"family {family!r} is none of {', '.join(FAMILIES)}; choose one of them")
    models = [model for path in sorted(folder.glob("*.sh3f")) for model in _prepared(path) if family_of(model.credit) == family]
    if not models:
        remedy = "install Debian's sweethome3d-furniture or name the folder with --furniture"
        raise InputError(f"{folder}: no furniture library (*.sh3f) with models of the {family} family; {remedy}")
    return models


def _prepared(path: Path) -> list[Model]:
    """The usable models of a library, from the cache where they are there already."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    cached = _cache() / f"{path.stem}-{digest}-{_VERSION}.npz"
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        _store(cached, list(_usable(path)))
    return _load(cached)


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named if os.path.isabs(named) else os.path.expanduser("~/.cache")) / "mtdense_ros" / "furniture"


def _usable(path: Path) -> Iterator[Model]:
    library = FurnitureLibrary(path)
    licence = licence_of(library.licence)
    for entry in library.entries if licence is not None else []:
        category = category_of(entry)
        if category is not None and licence is not None:
            primitives = _reduced(library.read(entry), entry)
            if primitives:
                yield Model(Credit(library.name, entry.key, entry.name, entry.creator, licence), category, entry.elevation, primitives)


def _reduced(primitives: list[Primitive], entry: Entry) -> list[Primitive]:
    most = TRIANGLES["large" if max(entry.size) > 0.5 else "small"]
    meshes = limited([primitive.mesh for primitive in primitives], most) if primitives else []
    shrunk = [Primitive(mesh, p.color, _shrunk(p.texture)) for mesh, p in zip(meshes, primitives, strict=True)]
    return [primitive for primitive in shrunk if len(primitive.mesh.triangles)]


def _shrunk(picture: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    if picture is None:
        return None
    return np.asarray(cv2.resize(picture, (PICTURE, PICTURE), interpolation=cv2.INTER_AREA), np.uint8)


def _store(path: Path, models: Sequence[Model]) -> None:
    """Writes models as one uncompressed file of concatenated arrays and an index."""
    primitives = [primitive for model in models for primitive in model.primitives]
    pictures: dict[bytes, int] = {}
    index: list[dict[str, Any]] = []
    for model in models:
        parts = []
        for p in model.primitives:
            picture = -1 if p.texture is None else pictures.setdefault(p.texture.tobytes(), len(pictures))
            parts.append([len(p.mesh.positions), len(p.mesh.triangles), list(p.color), picture])
        index.append({"credit": asdict(model.credit), "category": model.category, "elevation": model.elevation, "parts": parts})
    arrays = {key: np.concatenate([getattr(p.mesh, key) for p in primitives] or [np.zeros((0, 3))]) for key in _ARRAYS}
    stacked = np.frombuffer(b"".join(pictures), np.uint8).reshape(-1, PICTURE, PICTURE, 3)
    partial = path.with_suffix(f".{os.getpid()}.partial.npz")
    np.savez(partial, index=np.frombuffer(json.dumps(index).encode(), np.uint8), pictures=stacked, **arrays)
    os.replace(partial, path)


_ARRAYS = ("positions", "normals", "uv", "triangles")


def _load(path: Path) -> list[Model]:
    with np.load(path, allow_pickle=False) as file:
        stored = {key: file[key] for key in file.files}
    models, vertex, face = [], 0, 0
    for entry in json.loads(stored["index"].tobytes()):
        primitives = []
        for vertices, faces, color, picture in entry["parts"]:
            positions, normals, uv = (stored[key][vertex : vertex + vertices] for key in _ARRAYS[:3])
            mesh = Mesh(positions, normals, uv, stored["triangles"][face : face + faces])
            primitives.append(Primitive(mesh, (color[0], color[1], color[2]), None if picture < 0 else stored["pictures"][picture]))
            vertex, face = vertex + vertices, face + faces
        models.append(Model(Credit(**entry["credit"]), entry["category"], entry["elevation"], primitives))
    return models
