"""The models that scenes are furnished with, loaded with their textures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.objects.catalogue import FRONTS, HELD_OUT, ROLE_CATEGORIES, ROLES, category_of_glb, label_of, short_name
from mtdense_ros.synthetic.objects.furniture_categories import LABELS
from mtdense_ros.synthetic.objects.furniture_stock import TRAINING, VALIDATION, Credit, Model, load_stock
from mtdense_ros.synthetic.rendering.gltf import read_glb
from mtdense_ros.synthetic.rendering.palette import light_paint, tint
from mtdense_ros.synthetic.rendering.scene import DOOR, OBJECT, PERSON, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import WHITE, TextureLibrary

PATTERN_SEEDS = {TRAINING: 20, VALIDATION: 77}
"""Family -> seed of its patterns: no family shows those of another."""


@dataclass(frozen=True)
class Prop:
    """Something that can be put into a room: parts with the middle of the underside at the origin and the front along -Y.

    holds: things that stand on or in it, each with its pose (4, 4) in the prop's frame; elevation: metres above the floor at which
    it hangs on a wall.
    """

    name: str
    parts: Sequence[Part]
    label: int
    holds: Sequence[tuple[Prop, NDArray[np.float32]]] = ()
    elevation: float = 0.0

    @cached_property
    def size(self) -> NDArray[np.float32]:
        """Extent (3,) in metres."""
        bounds = np.stack([part.mesh.bounds() for part in self.parts])
        return np.asarray(bounds[:, 1].max(0) - bounds[:, 0].min(0), np.float32)

    def at(self, where: NDArray[np.float32]) -> Item:
        """The prop as an item of a scene."""
        return Item(self.parts, where, self.label, self.name)

    def held(self, where: NDArray[np.float32]) -> list[Item]:
        """What the prop holds when it stands at that pose."""
        return [thing.at(where @ offset) for thing, offset in self.holds]

    def scaled(self, factors: tuple[float, float, float]) -> Prop:
        """The prop stretched along its axes, without what it holds."""
        return replace(self, parts=[replace(part, mesh=part.mesh.scaled(factors)) for part in self.parts], holds=())

    def shrunk(self, largest: float) -> Prop:
        """The prop, made smaller where an extent exceeds `largest` metres, without what it holds."""
        factor = largest / float(self.size.max())
        if factor >= 1:
            return self
        return Prop(self.name, [replace(part, mesh=part.mesh.scaled(factor)) for part in self.parts], self.label)


class Assets:
    """What rooms of one family are furnished with: models of furniture libraries and of an assets folder, their textures in one.

    root: folder with assets_* and textures_*, or None for public packages alone; furniture: folder of `.sh3f` libraries, or None;
    family: of sets, see `furniture_stock`; the validation family shows nothing of root. held_out: False leaves the models of HELD_OUT
    out (training), True loads them too (demo). Raises InputError without models.
    """

    def __init__(
        self,
        root: Path | None,
        texture_size: int = 256,
        held_out: bool = False,
        furniture: Path | None = None,
        family: str = TRAINING,
    ) -> None:
        if family == VALIDATION:
            root = None
        if root is None and furniture is None:
            raise InputError("no models: install Debian's sweethome3d-furniture or name a folder with --furniture or --assets")
        self.family = family
        self.library = TextureLibrary(texture_size, seed=PATTERN_SEEDS[family])
        self.models: dict[str, list[Part]] = {}
        self.worlds: dict[str, list[dict[str, Any]]] = {}
        self.kinds: dict[str, list[Prop]] = {}
        self.credits: list[Credit] = []
        if root is not None:
            self._add_folder(root, held_out)
        self.props = {short_name(name): _upright(name, parts) for name, parts in self.models.items()}
        for name, prop in self.props.items():
            self._file(category_of_glb(name), prop)
        for model in load_stock(furniture, family) if furniture is not None else []:
            self.credits.append(model.credit)
            self._file(model.category, self._prop(model))

    def _add_folder(self, root: Path, held_out: bool) -> None:
        paths = {path.stem: path for path in sorted(root.glob("assets_*/*.glb"))}
        if not paths:
            raise InputError(f"{root}: no models under assets_*/*.glb; pass the data folder with --assets or leave it out")
        self.library.add_photos(root)
        self.models = {name: self._load(path) for name, path in paths.items() if held_out or name not in HELD_OUT}
        self.worlds = json.loads((root / "assets_mit0" / "worlds.json").read_text())

    def _file(self, category: str | None, prop: Prop) -> None:
        if category is not None:
            self.kinds.setdefault(category, []).append(prop)

    def _prop(self, model: Model) -> Prop:
        gloss = 0.35 if LABELS[model.category] == OBJECT else 0.12
        if LABELS[model.category] == PERSON:
            gloss = 0.0
        layers = [0 if p.texture is None else self.library.shared(p.texture) for p in model.primitives]
        parts = [Part(p.mesh, layer, p.color, gloss=gloss) for p, layer in zip(model.primitives, layers, strict=True)]
        return Prop(model.category, parts, LABELS[model.category], elevation=model.elevation)

    def prop(self, name: str, rng: np.random.Generator, variety: float = 0.6) -> Prop:
        """The model of that short name, with probability `variety` re-tinted or re-textured."""
        prop = self.props[name]
        return replace(prop, parts=self.varied(prop.parts, rng)) if rng.random() < variety else prop

    def pick(self, role: str, rng: np.random.Generator) -> Prop:
        """A random model of a role of ROLES."""
        names = [name for name in ROLES[role] if name in self.props]
        categories = [category for category in ROLE_CATEGORIES[role] if category in self.kinds]
        if categories and (not names or rng.random() < 0.6):
            return self.of(rng, *categories) or self.prop(str(rng.choice(names)), rng)
        if not names:
            raise InputError(f"no model serves as {role!r}; name a folder of more furniture with --furniture or --assets")
        return self.prop(str(rng.choice(names)), rng)

    def of(self, rng: np.random.Generator, *categories: str) -> Prop | None:
        """A random model of one of the categories in a random finish; None where there is none. Each model is as likely as any other."""
        props = [prop for category in categories for prop in self.kinds.get(category, ())]
        return refinished(rng, props[int(rng.integers(len(props)))], self.library) if props else None

    def _load(self, path: Path) -> list[Part]:
        name = short_name(path.stem)
        gloss = 0.3 if label_of(path.stem) in (OBJECT, DOOR) else 0.1
        parts = []
        for index, primitive in enumerate(read_glb(path)):
            layer = 0 if primitive.texture is None else self.library.shared(primitive.texture)
            if layer and (name.startswith(("Portrait", "DeskPortrait")) or name in ("TV_01", "TV_02")):
                layer = self.library.kinds["print"][(sum(map(ord, name)) + index) % len(self.library.kinds["print"])]
            parts.append(Part(primitive.mesh, layer, primitive.color, gloss=gloss))
        return parts

    def varied(self, parts: Sequence[Part], rng: np.random.Generator) -> list[Part]:
        """The parts in another colour and, in four of ten cases, another material."""
        color, layer = tint(rng), self.library.pick(rng, "wood", "cloth", "plaster", "wood", "print")
        retexture = rng.random() < 0.4
        return [
            replace(part, tint=color, layer=layer if retexture else part.layer, repeat=2.0 if retexture else part.repeat) for part in parts
        ]


def _upright(model: str, parts: Sequence[Part]) -> Prop:
    name = short_name(model)
    turn = next((angle for start, angle in FRONTS.items() if name.startswith(start)), 0.0)
    rotation = pose(yaw=math.radians(turn))[:3, :3]
    turned = [part.mesh.turned(rotation) for part in parts]
    low = np.min([mesh.positions.min(0) for mesh in turned], axis=0)
    high = np.max([mesh.positions.max(0) for mesh in turned], axis=0)
    offset = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return Prop(name, [replace(part, mesh=mesh.moved(offset)) for part, mesh in zip(parts, turned, strict=True)], label_of(model))


def refinished(rng: np.random.Generator, prop: Prop, library: TextureLibrary) -> Prop:
    """A library's model in another finish: as it is in four of ten cases, else stained or repainted, at times in another material.

    People keep their skin: what is dyed of them is dyed a little.
    """
    draw = rng.random()
    if prop.label == PERSON:
        r, g, b = (float(v) for v in rng.uniform(0.75, 1.05) * np.exp(rng.normal(0, 0.06, 3)))
        return _dyed(prop, (r, g, b), range(len(prop.parts)))
    if draw < 0.4:
        return prop
    if draw < 0.65:
        r, g, b = light_paint(rng)
        dark = float(rng.uniform(0.45, 1.0))
        return _dyed(prop, (r * dark, g * dark, b * dark), range(len(prop.parts)))
    largest = sorted(range(len(prop.parts)), key=lambda k: -_area(prop.parts[k]))[: 1 if draw < 0.85 else 2]
    color, retexture = tint(rng), rng.random() < 0.35
    layer = library.pick(rng, "wood", "cloth", "plaster", "wood") if retexture else WHITE
    parts = list(prop.parts)
    for k in largest:
        keep = parts[k].layer if not retexture else layer
        parts[k] = replace(parts[k], tint=color, layer=keep, repeat=2.0 if retexture else parts[k].repeat)
    return replace(prop, parts=parts)


def _dyed(prop: Prop, factors: tuple[float, float, float], which: Sequence[int]) -> Prop:
    parts = list(prop.parts)
    for k in which:
        r, g, b = (min(a * f, 1.0) for a, f in zip(parts[k].tint, factors, strict=True))
        parts[k] = replace(parts[k], tint=(r, g, b))
    return replace(prop, parts=parts)


def _area(part: Part) -> float:
    corners = part.mesh.positions[part.mesh.triangles]
    return float(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum()) / 2
