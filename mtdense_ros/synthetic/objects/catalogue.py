"""What each model of the assets is: its label, its use in procedural rooms, its front, and which are held out for the demo."""

from __future__ import annotations

from mtdense_ros.synthetic.rendering.scene import CEILING, DOOR, FLOOR, FURNITURE, OBJECT, OTHER, WALL

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

FRONTS = {"ReadingDesk": -90, "TVCabinet": -90, "SofaB": -90, "BookshelfB": 180, "KitchenTable": -90, "Computer": -90, "TV": 90}
"""Turn in degrees after which a model's front looks along -Y, as that of most does."""

_PREFIXES = ("aws_robomaker_residential_", "aws_robomaker_retail_", "aws_robomaker_hospital_", "aws_robomaker_warehouse_")

_LABELS = {
    FLOOR: "Carpet Floor floor_01_floor floor_02_floor RetailShopFloor ramp",
    WALL: "HouseWall RoomWall RetailShopWall Column floor_01_walls floor_02_walls elevator_01_car elevator_01_portal",
    CEILING: "RoomCeiling RetailShopCeiling floor_01_ceiling floor_02_ceiling",
    FURNITURE: (
        "Bed Chair CoffeeTable KitchenCabinet KitchenTable NightStand ReadingDesk Refrigerator ShoeRack Sofa TVCabinet Wardrobe "
        "BalconyTable Board Bookshelf Desk InfoDesk nursesstation cafe_table table_marble Quilt Rangehood CookingBench"
    ),
    OBJECT: "DeskPortrait",
    OTHER: "Curtain curtain Portrait RoomWindow ShopWindow BookstoreLogo hospitalsign",
    DOOR: "Door FoldingDoor elevator_01_door hinged_door",
}
"""Label -> beginnings of the short model names that carry it; the longest match wins and everything else is an object.

The line between object and other is that of NYUv2's 13 classes (config/labels/nyud40.yaml): pictures, windows and curtains are
other; lamps, clocks, handles, cushions and appliances on a wall are objects.
"""

ROLES: dict[str, tuple[str, ...]] = {
    role: tuple(names.split())
    for role, names in {
        "wall": "Bed_01 NightStand_01 ReadingDesk_01 Refrigerator_01 ShoeRack_01 SofaB_01 TVCabinet_01 Wardrobe_01 BookshelfB_01",
        "free": "ChairA_01 ChairD_01 CoffeeTable_01 KitchenTable_01 BalconyTable_01 ChairB_01 BookshelfC_01 cafe_table",
        "corner": "Sofa_01 SofaC_01 KitchenCabinet_01 AirconditionerB_01",
        "top": (
            "BookE_01 BookD_01 BookF_01 Computer_01 Tablet_01 TabletB_01 Tableware_01 Vase_01 MagicCube_01 Holder_01 SmartSpeakerSmall_01 "
            "SmartSpeakerTall_01 SecurityCamera_01 DeskPortraitA_01 DeskPortraitB_01 DeskPortraitD_01 LightC_01 bowl coke_can "
            "cordless_drill hammer kinect monkey_wrench plastic_cup round_tin_base saucepan Bicycle_01"
        ),
        "floor": (
            "cardboard_box cinder_block construction_cone car_wheel first_2015_trash_can grey_tote pioneer2dx turtlebot Trash_01 "
            "Dumbbell_01 fire_hydrant ClutteringA_01 euro_pallet FitnessEquipment_01"
        ),
    }.items()
}
"""Use in procedural rooms -> short names of the models."""


ROLE_CATEGORIES: dict[str, tuple[str, ...]] = {
    "wall": ("bed", "nightstand", "desk", "fridge", "cabinet", "sofa", "tv stand", "wardrobe", "bookcase", "dresser", "shelves"),
    "free": ("chair", "coffee table", "table", "round table", "armchair", "pouf", "stool", "office chair"),
    "corner": ("sofa", "bookcase", "wardrobe"),
    "top": (
        *("kitchen thing", "food", "office thing", "small thing", "toy", "electronics", "bath thing", "table plant", "table lamp"),
        *("appliance", "computer"),
    ),
    "floor": ("floor thing", "box", "bin", "bag", "sport", "shoes", "floor plant", "toy", "fan"),
}
"""Use in procedural rooms -> categories of the furniture libraries."""

_CATEGORIES = {
    "Bed_": "bed", "NightStand": "nightstand", "ReadingDesk": "desk", "Refrigerator": "fridge", "ShoeRack": "cabinet", "Sofa": "sofa",
    "TVCabinet": "tv stand", "Wardrobe": "wardrobe", "BookshelfB": "bookcase", "BookshelfC": "bookcase", "Chair": "chair",
    "CoffeeTable": "coffee table", "KitchenTable": "table", "BalconyTable": "round table", "cafe_table": "round table",
    "Trash": "bin", "cardboard_box": "box", "Book": "office thing", "Tableware": "kitchen thing", "Vase": "small thing",
}  # fmt: skip
"""Beginnings of short names -> category, for the models that furnish rooms like those of the libraries."""


def category_of_glb(name: str) -> str | None:
    """The category of a model of the assets folder by its short name; None for those that only have a role."""
    return next((category for start, category in _CATEGORIES.items() if name.startswith(start)), None)


def short_name(model: str) -> str:
    """A model's name without its collection's prefix."""
    for prefix in _PREFIXES:
        model = model.removeprefix(prefix)
    return model


def label_of(model: str) -> int:
    """The training label of a model by its name."""
    name = short_name(model)
    matches = [(len(start), label) for label, starts in _LABELS.items() for start in starts.split() if name.startswith(start)]
    return max(matches)[1] if matches else OBJECT
