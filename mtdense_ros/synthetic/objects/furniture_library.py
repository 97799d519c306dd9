"""Furniture libraries of Sweet Home 3D (`.sh3f`): a zip of a catalogue, OBJ models and their pictures."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.rendering.gltf import Primitive
from mtdense_ros.synthetic.rendering.meshes import Mesh, merge
from mtdense_ros.synthetic.rendering.wavefront import Material, read_materials, read_obj

CATALOGUE = "PluginFurnitureCatalog.properties"

_INVISIBLE = 0.15
"""Opacity below which a part is not drawn: the renderer knows no transparency, and such panes show what is behind them."""

_Z_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32)
"""From the libraries' frame (X right, Y up, front toward +Z) to ours (Z up, front toward -Y)."""


@dataclass(frozen=True)
class Entry:
    """One model of a library's catalogue: its id within the library, name, group, path in the zip, size (width, depth, height) and
    elevation above the floor in metres, rotation (3, 3) before it is scaled, whether it is a door or window, and its author."""

    key: str
    name: str
    group: str
    path: str
    size: tuple[float, float, float]
    elevation: float
    rotation: tuple[float, ...]
    opening: bool
    creator: str


class FurnitureLibrary:
    """A `.sh3f` file. Raises InputError where it is no zip with a catalogue, or an entry lacks what every model needs.

    name and licence: as the catalogue states them; entries: its models in its order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            text = self._zip.read(CATALOGUE).decode("latin-1")
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: no readable furniture library ({error}); Debian's sweethome3d-furniture has some") from error
        properties = _properties(text)
        self.name = properties.get("name", path.stem)
        self.licence = properties.get("license", "")
        self.entries = list(_entries(properties, path))
        self._members = set(self._zip.namelist())
        self._lower = {member.lower(): member for member in self._members}

    def read(self, entry: Entry) -> list[Primitive]:
        """The model of an entry: metres, Z up, front along -Y, the middle of its underside at the origin, of the catalogue's size.

        Raises InputError on a model that cannot be read.
        """
        where = f"{self.path}: {entry.path}"
        text = self._text(entry.path)
        if text is None:
            raise InputError(f"{where} is not in the library; leave the model out")
        folder = posixpath.dirname(entry.path)
        materials: dict[str, Material] = {}
        for name in re.findall(r"^mtllib[ \t]+(.+?)[ \t\r]*$", text, re.M):
            materials |= read_materials(self._text(posixpath.join(folder, name)) or "")
        groups = [(materials.get(name, Material()), mesh) for name, mesh in read_obj(text, where)]
        meshes = _fitted([mesh for _, mesh in groups], entry)
        shown = [(material, mesh) for (material, _), mesh in zip(groups, meshes, strict=True) if material.opacity > _INVISIBLE]
        pictures = {material.picture: self._picture(folder, material.picture) for material, _ in shown}
        return _joined([self._primitive(material, mesh, pictures[material.picture]) for material, mesh in shown])

    def _primitive(self, material: Material, mesh: Mesh, picture: NDArray[np.uint8] | None) -> Primitive:
        # Programs that show these models multiply picture and colour; a black colour under a picture is an oversight of theirs.
        color = material.color if picture is None or max(material.color) > 0.3 else (1.0, 1.0, 1.0)
        return Primitive(mesh, color, picture)

    def _text(self, path: str) -> str | None:
        member = self._member(path)
        return None if member is None else self._zip.read(member).decode("latin-1")

    def _picture(self, folder: str, name: str | None) -> NDArray[np.uint8] | None:
        """The RGB picture (H, W, 3) of a material; None where it has none or it is missing, as some are."""
        member = None if name is None else self._member(posixpath.join(folder, name.replace("\\", "/")))
        if member is None:
            return None
        image = cv2.imdecode(np.frombuffer(self._zip.read(member), np.uint8), cv2.IMREAD_COLOR)
        return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

    def _member(self, path: str) -> str | None:
        path = posixpath.normpath(path).lstrip("/")
        return path if path in self._members else self._lower.get(path.lower())


def _properties(text: str) -> dict[str, str]:
    """Keys and values of a Java properties file, `\\uXXXX` decoded."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.lstrip().startswith(("#", "!")))
    return {key.strip(): re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), value.strip()) for key, value in pairs}


def _entries(properties: dict[str, str], path: Path) -> Iterator[Entry]:
    numbers = sorted(int(key.split("#")[1]) for key in properties if re.fullmatch(r"model#\d+", key))
    for number in numbers:

        def value(field: str, default: str = "", number: int = number) -> str:
            return properties.get(f"{field}#{number}", default)

        try:
            width, depth, height = (float(value(field)) / 100 for field in ("width", "depth", "height"))
            rotation = tuple(float(v) for v in value("modelRotation", "1 0 0 0 1 0 0 0 1").split())
            elevation = float(value("elevation", "0") or 0) / 100
        except ValueError as error:
            raise InputError(f"{path}: model {number} has no readable size ({error}); use a complete library") from error
        if min(width, depth, height) <= 0 or len(rotation) != 9:
            raise InputError(f"{path}: model {number} has size {width} {depth} {height}, rotation {rotation}; use a complete library")
        model = value("model")
        opening = value("doorOrWindow") == "true"
        key = posixpath.splitext(posixpath.basename(model))[0] if posixpath.dirname(model).count("/") < 2 else model.split("/")[-2]
        size = (width, depth, height)
        yield Entry(key, value("name"), value("category"), model.lstrip("/"), size, elevation, rotation, opening, value("creator"))


def _fitted(meshes: list[Mesh], entry: Entry) -> list[Mesh]:
    """The meshes turned upright, scaled to the catalogue's size and put on the floor."""
    turned = [mesh.turned(_Z_UP @ np.array(entry.rotation, np.float32).reshape(3, 3)) for mesh in meshes]
    low = np.min([mesh.positions.min(0) for mesh in turned], axis=0)
    high = np.max([mesh.positions.max(0) for mesh in turned], axis=0)
    scale = np.array(entry.size, np.float32) / np.maximum(high - low, 1e-9)
    # A flat model has no extent to scale along one axis; any finite factor will do.
    scale = np.where(high - low > 1e-9, scale, 1.0)
    offset = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return [mesh.moved(offset).scaled(scale) for mesh in turned]


def _joined(primitives: list[Primitive]) -> list[Primitive]:
    """The primitives, those of one colour and picture as one."""
    groups: dict[tuple[tuple[float, float, float], int], list[Primitive]] = {}
    for primitive in primitives:
        groups.setdefault((primitive.color, id(primitive.texture)), []).append(primitive)
    return [Primitive(merge(p.mesh for p in group), group[0].color, group[0].texture) for group in groups.values()]
