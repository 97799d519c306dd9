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
from mtdense_ros.synthetic.objects.catalogue import FRONTS, HELD_OUT, ROLES, label_of, short_name
from mtdense_ros.synthetic.rendering.gltf import read_glb
from mtdense_ros.synthetic.rendering.palette import tint
from mtdense_ros.synthetic.rendering.scene import DOOR, OBJECT, Item, Part, pose
from mtdense_ros.synthetic.rendering.textures import TextureLibrary


@dataclass(frozen=True)
class Prop:
    """Something that can be put into a room: parts with the middle of the underside at the origin and the front along -Y.

    holds: things that stand on or in it, each with its pose (4, 4) in the prop's frame.
    """

    name: str
    parts: Sequence[Part]
    label: int
    holds: Sequence[tuple[Prop, NDArray[np.float32]]] = ()

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

    def shrunk(self, largest: float) -> Prop:
        """The prop, made smaller where an extent exceeds `largest` metres, without what it holds."""
        factor = largest / float(self.size.max())
        if factor >= 1:
            return self
        return Prop(self.name, [replace(part, mesh=part.mesh.scaled(factor)) for part in self.parts], self.label)


class Assets:
    """All models of an assets folder, their textures in one library, and the furnished worlds.

    held_out: False leaves the models of HELD_OUT out (training), True loads them too (demo). Raises InputError without models.
    """

    def __init__(self, root: Path, texture_size: int = 256, held_out: bool = False) -> None:
        paths = {path.stem: path for path in sorted(root.glob("assets_*/*.glb"))}
        if not paths:
            raise InputError(f"{root}: no models under assets_*/*.glb; pass the data folder with --assets or MTDENSE_DATA")
        self.library = TextureLibrary(texture_size)
        self.library.add_photos(root)
        self.models = {name: self._load(path) for name, path in paths.items() if held_out or name not in HELD_OUT}
        self.props = {short_name(name): _upright(name, parts) for name, parts in self.models.items()}
        self.worlds: dict[str, list[dict[str, Any]]] = json.loads((root / "assets_mit0" / "worlds.json").read_text())

    def prop(self, name: str, rng: np.random.Generator, variety: float = 0.6) -> Prop:
        """The model of that short name, with probability `variety` re-tinted or re-textured."""
        prop = self.props[name]
        return replace(prop, parts=self.varied(prop.parts, rng)) if rng.random() < variety else prop

    def pick(self, role: str, rng: np.random.Generator) -> Prop:
        """A random model of a role of ROLES."""
        return self.prop(str(rng.choice([name for name in ROLES[role] if name in self.props])), rng)

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
