"""Labels and uses of the models by their names."""

import json

import pytest
from project import DATA

from mtdense_ros.synthetic.objects.catalogue import HELD_OUT, ROLES, label_of, short_name
from mtdense_ros.synthetic.rendering.scene import CEILING, DOOR, FLOOR, FURNITURE, OBJECT, OTHER, WALL


def test_labels_by_model_name():
    names = {
        "aws_robomaker_residential_FloorB_01": FLOOR,
        "aws_robomaker_hospital_floor_02_walls": WALL,
        "aws_robomaker_residential_RoomCeiling_01": CEILING,
        "aws_robomaker_residential_DeskPortraitA_01": OBJECT,
        "aws_robomaker_retail_DeskA_01": FURNITURE,
        "aws_robomaker_residential_PortraitA_01": OTHER,
        "aws_robomaker_retail_DoorB_01": DOOR,
        "aws_robomaker_residential_Pillow_01": OBJECT,
        "aws_robomaker_residential_Handle_01": OBJECT,
        "aws_robomaker_residential_LightC_01": OBJECT,
        "aws_robomaker_retail_Horologe_01": OBJECT,
        "aws_robomaker_retail_Spotlight_01": OBJECT,
        "aws_robomaker_residential_Curtain_01": OTHER,
        "coke_can": OBJECT,
    }
    assert {name: label_of(name) for name in names} == names


def test_demo_holds_out_furniture_and_foreground():
    short = [short_name(name) for name in HELD_OUT]
    assert sum(name in ROLES["wall"] for name in short) == 3
    assert sum(name in ROLES["top"] + ROLES["floor"] for name in short) >= 6


def test_small_models_are_objects():
    listing = DATA / "assets_mit0" / "models.json"
    if not listing.is_file():
        pytest.skip(f"no {listing}; set MTDENSE_DATA to the data folder")
    sizes = {name: max(entry["extents_m"]) for name, entry in json.loads(listing.read_text()).items()}
    assert {name for name, size in sizes.items() if size < 0.5 and label_of(name) != OBJECT} == set()
