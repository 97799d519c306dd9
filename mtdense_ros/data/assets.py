"""The models that scenes are furnished with: their labels and use, and which of them are held out for the demo sequence."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.glb import read_glb
from mtdense_ros.data.palette import tint
from mtdense_ros.data.scene import CEILING, DOOR, FLOOR, FURNITURE, OBJECT, OTHER, WALL, Item, Part, pose
from mtdense_ros.data.textures import TextureLibrary
from mtdense_ros.errors import InputError

HELD_OUT = (
    "aws_robomaker_residential_SofaB_01",
    "aws_robomaker_residential_ReadingDesk_01",
    "aws_robomaker_residential_ShoeRack_01",
    "aws_robomaker_residential_Vase_01",
    "aws_robomaker_retail_MagicCube_01",
    "construction_cone",
    "cordless_drill",
    "first_2015_trash_can",
    "grey_tote",
    "coke_can",
    "turtlebot",
)
"""Models that only the demo sequence shows; training scenes never do."""

_PREFIXES = ("aws_robomaker_residential_", "aws_robomaker_retail_", "aws_robomaker_hospital_", "aws_robomaker_warehouse_")

_FRONTS: dict[str, float] = {"ReadingDesk": -90, "TVCabinet": -90, "SofaB": -90, "BookshelfB": 180, "KitchenTable": -90, "Computer": -90, "TV": 90}
"""Turn in degrees after which a model's front looks along -Y, as that of most does."""

_LABELS: dict[int, tuple[str, ...]] = {
    FLOOR: ("Carpet", "Floor", "floor_01_floor", "floor_02_floor", "RetailShopFloor", "ramp"),
    WALL: ("HouseWall", "RoomWall", "RetailShopWall", "Column", "floor_01_walls", "floor_02_walls", "elevator_01_car", "elevator_01_portal"),
    CEILING: ("RoomCeiling", "RetailShopCeiling", "floor_01_ceiling", "floor_02_ceiling"),
    FURNITURE: (
        *("Bed", "Chair", "CoffeeTable", "KitchenCabinet", "KitchenTable", "NightStand", "ReadingDesk", "Refrigerator", "ShoeRack", "Sofa"),
        *("TVCabinet", "Wardrobe", "BalconyTable", "Board", "Bookshelf", "Desk", "InfoDesk", "nursesstation", "cafe_table", "table_marble"),
        *("Quilt", "Pillow", "Rangehood", "CookingBench"),
    ),
    OTHER: (
        *("Airconditioner", "AirConditioner", "Chandelier", "Curtain", "curtain", "Handle", "Light", "Portrait", "RoomWindow", "SecurityCamera"),
        *("BookstoreLogo", "Horologe", "ShopWindow", "Spotlight", "hospitalsign", "lamp_post"),
    ),
    DOOR: ("Door", "FoldingDoor", "elevator_01_door", "hinged_door"),
}
"""Label -> beginnings of the short model names that carry it; the longest match wins and everything else is an object."""

_BY_WALL = ("Bed_01", "NightStand_01", "ReadingDesk_01", "Refrigerator_01", "ShoeRack_01", "SofaB_01", "TVCabinet_01", "Wardrobe_01", "BookshelfB_01")
_FREE = ("ChairA_01", "ChairD_01", "CoffeeTable_01", "KitchenTable_01", "BalconyTable_01", "ChairB_01", "BookshelfC_01", "cafe_table")
_CORNER = ("Sofa_01", "SofaC_01", "KitchenCabinet_01", "AirconditionerB_01")
_ON_TOP = (
    *("BookE_01", "BookD_01", "BookF_01", "Computer_01", "Tablet_01", "TabletB_01", "Tableware_01", "Vase_01", "MagicCube_01", "Holder_01"),
    *("SmartSpeakerSmall_01", "SmartSpeakerTall_01", "SecurityCamera_01", "DeskPortraitA_01", "DeskPortraitB_01", "DeskPortraitD_01", "LightC_01"),
    *("bowl", "coke_can", "cordless_drill", "hammer", "kinect", "monkey_wrench", "plastic_cup", "round_tin_base", "saucepan", "Bicycle_01"),
)
_ON_FLOOR = (
    *("cardboard_box", "cinder_block", "construction_cone", "car_wheel", "first_2015_trash_can", "grey_tote", "pioneer2dx", "turtlebot"),
    *("Trash_01", "Dumbbell_01", "fire_hydrant", "ClutteringA_01", "euro_pallet", "FitnessEquipment_01"),
)
ROLES: dict[str, tuple[str, ...]] = {"wall": _BY_WALL, "free": _FREE, "corner": _CORNER, "top": _ON_TOP, "floor": _ON_FLOOR}
"""Use in procedural rooms -> short names of the models."""


@dataclass(frozen=True)
class Prop:
    """Something that can be put into a room: parts with the middle of the underside at the origin and the front along -Y."""

    name: str
    parts: Sequence[Part]
    label: int

    @property
    def size(self) -> NDArray[np.float32]:
        """Extent (3,) in metres."""
        bounds = np.stack([part.mesh.bounds() for part in self.parts])
        return np.asarray(bounds[:, 1].max(0) - bounds[:, 0].min(0), np.float32)

    def at(self, where: NDArray[np.float32]) -> Item:
        """The prop as an item of a scene."""
        return Item(self.parts, where, self.label, self.name)


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
        return replace(prop, parts=self._varied(prop.parts, rng)) if rng.random() < variety else prop

    def pick(self, role: str, rng: np.random.Generator) -> Prop:
        """A random model of a role of ROLES."""
        return self.prop(str(rng.choice([name for name in ROLES[role] if name in self.props])), rng)

    def _load(self, path: Path) -> list[Part]:
        name = short_name(path.stem)
        gloss = 0.3 if label_of(path.stem) in (OBJECT, DOOR) else 0.1
        parts = []
        for index, primitive in enumerate(read_glb(path)):
            layer = self.library.encoded(primitive.texture, str(path)) if primitive.texture else 0
            if layer and (name.startswith(("Portrait", "DeskPortrait")) or name in ("TV_01", "TV_02")):
                layer = self.library.kinds["print"][(sum(map(ord, name)) + index) % len(self.library.kinds["print"])]
            parts.append(Part(primitive.mesh, layer, primitive.color, gloss=gloss))
        return parts

    def _varied(self, parts: Sequence[Part], rng: np.random.Generator) -> list[Part]:
        color, layer = tint(rng), self.library.pick(rng, "wood", "cloth", "plaster", "wood", "print")
        retexture = rng.random() < 0.4
        return [replace(part, tint=color, layer=layer if retexture else part.layer, repeat=2.0 if retexture else part.repeat) for part in parts]


def short_name(model: str) -> str:
    """A model's name without its collection's prefix."""
    for prefix in _PREFIXES:
        model = model.removeprefix(prefix)
    return model


def label_of(model: str) -> int:
    """The training label of a model by its name."""
    name = short_name(model)
    matches = [(len(start), label) for label, starts in _LABELS.items() for start in starts if name.startswith(start)]
    return max(matches)[1] if matches else OBJECT


def _upright(model: str, parts: Sequence[Part]) -> Prop:
    name = short_name(model)
    turn = next((angle for start, angle in _FRONTS.items() if name.startswith(start)), 0.0)
    rotation = pose(yaw=math.radians(turn))[:3, :3]
    turned = [part.mesh.turned(rotation) for part in parts]
    low = np.min([mesh.positions.min(0) for mesh in turned], axis=0)
    high = np.max([mesh.positions.max(0) for mesh in turned], axis=0)
    offset = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    return Prop(name, [replace(part, mesh=mesh.moved(offset)) for part, mesh in zip(parts, turned, strict=True)], label_of(model))
