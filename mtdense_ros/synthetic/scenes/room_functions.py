"""What rooms are for: how large they are, what stands in them, and what lies about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True)
class Function:
    """One use of rooms.

    share: of the furnished rooms; width, length, height: ranges in metres; walls: categories that stand with their back to a wall,
    each with its range of pieces; free: those that stand anywhere; groups: named arrangements with their probability; tops, floor:
    categories of what lies on furniture and on the floor; strewn: mean pieces on the floor; tiled: share with tiles on the walls.
    """

    share: float
    width: Span
    length: Span
    height: Span
    walls: Mapping[str, tuple[int, int]]
    free: Mapping[str, tuple[int, int]]
    groups: Mapping[str, float]
    tops: tuple[str, ...]
    floor: tuple[str, ...]
    strewn: float = 1.5
    tiled: float = 0.0


_LIVING_TOPS = ("small thing", "electronics", "toy", "office thing", "kitchen thing", "table plant", "table lamp", "food", "thing")
_FLOOR = ("bag", "shoes", "toy", "clothes", "box", "thing", "paper")

FUNCTIONS: dict[str, Function] = {
    "kitchen": Function(
        0.18, (2.2, 4.6), (2.8, 5.5), (2.3, 2.8),
        {"fridge": (0, 1), "washer": (0, 1), "cabinet": (0, 1), "shelves": (0, 1), "radiator": (0, 1), "bin": (0, 2), "island": (0, 1)},
        {"stool": (0, 2), "crib chair": (0, 1)},
        {"kitchen": 1.0, "second kitchen": 0.45, "dining": 0.65},
        ("kitchen thing", "kitchen thing", "food", "appliance", "bath thing", "thing", "table plant"),
        ("box", "bin", "bag", "pet", "thing"), 0.8, 0.45,
    ),
    "bathroom": Function(
        0.1, (1.7, 3.2), (2.0, 4.0), (2.2, 2.7),
        {"toilet": (1, 1), "washbasin": (0, 1), "vanity": (0, 1), "bath": (0, 1), "shower": (0, 1), "bidet": (0, 1), "towel rack": (0, 1),
         "washer": (0, 1), "radiator": (0, 1), "bin": (0, 1), "cabinet": (0, 1)},
        {"mat": (0, 2), "stool": (0, 1)},
        {"mirror": 0.7},
        ("bath thing", "bath thing", "bath thing", "table plant", "clothes"), ("clothes", "shoes", "thing", "paper"), 1.0, 0.85,
    ),
    "bedroom": Function(
        0.18, (2.6, 4.6), (3.0, 5.5), (2.3, 2.8),
        {"wardrobe": (0, 2), "dresser": (0, 1), "desk": (0, 1), "chest": (0, 1), "bookcase": (0, 1), "cabinet": (0, 1), "tv stand": (0, 1),
         "armchair": (0, 1), "floor lamp": (0, 1), "clothes rack": (0, 1), "cot": (0, 1), "radiator": (0, 1)},
        {"chair": (0, 2), "pouf": (0, 1), "rug": (0, 1)},
        {"bed": 1.0, "second bed": 0.25, "workplace": 0.3},
        ("small thing", "office thing", "toy", "electronics", "table lamp", "thing", "clothes", "bath thing"), _FLOOR, 3.0,
    ),
    "living room": Function(
        0.24, (3.2, 6.5), (3.6, 7.5), (2.4, 3.0),
        {"bookcase": (0, 3), "cabinet": (0, 1), "piano": (0, 1), "floor plant": (0, 2), "floor lamp": (0, 1), "armchair": (0, 2),
         "fireplace": (0, 1), "radiator": (0, 1), "chest": (0, 1), "aquarium": (0, 1), "desk": (0, 1), "partition": (0, 1)},
        {"pouf": (0, 1), "chair": (0, 2), "pet": (0, 1), "game table": (0, 1), "floor plant": (0, 1)},
        {"seating": 1.0, "second seating": 0.3, "television": 0.6, "dining": 0.45},
        _LIVING_TOPS, _FLOOR, 2.2,
    ),
    "office": Function(
        0.16, (2.8, 7.5), (3.2, 9.0), (2.4, 3.2),
        {"bookcase": (0, 2), "filing cabinet": (0, 2), "shelves": (0, 2), "cabinet": (0, 2), "floor plant": (0, 1), "whiteboard": (0, 1),
         "large appliance": (0, 1), "sofa": (0, 1), "bin": (0, 2), "radiator": (0, 1)},
        {"office chair": (0, 2), "fan": (0, 1), "box": (0, 2)},
        {"workplace": 1.0, "second workplace": 0.8, "third workplace": 0.5, "desk rows": 0.3, "dining": 0.35},
        ("office thing", "office thing", "electronics", "computer", "paper", "thing", "kitchen thing", "table plant", "table lamp"),
        ("box", "bag", "paper", "thing", "bin"), 1.5,
    ),
    "corridor": Function(
        0.08, (1.4, 2.6), (4.0, 12.0), (2.2, 3.0),
        {"cabinet": (0, 2), "bench": (0, 1), "floor plant": (0, 2), "bookcase": (0, 1), "hanging clothes": (0, 1), "chair": (0, 2),
         "radiator": (0, 1), "bicycle": (0, 1), "clothes rack": (0, 1), "nightstand": (0, 1)},
        {"rug": (0, 1), "mat": (0, 1)},
        {},
        ("small thing", "office thing", "table plant", "bag", "thing"), ("shoes", "bag", "box", "thing"), 1.2,
    ),
    "store": Function(
        0.06, (2.2, 5.5), (2.8, 7.0), (2.3, 3.2),
        {"shelves": (1, 4), "workbench": (0, 1), "cabinet": (0, 2), "washer": (0, 2), "heater": (0, 1), "ladder": (0, 2), "bicycle": (0, 2),
         "floor thing": (0, 3), "filing cabinet": (0, 1), "fridge": (0, 1), "chest": (0, 1)},
        {"box": (1, 6), "floor thing": (0, 4), "sport": (0, 2), "bicycle": (0, 1), "table": (0, 1), "chair": (0, 2), "fan": (0, 1)},
        {"workplace": 0.3},
        ("tool", "tool", "box", "thing", "kitchen thing", "electronics", "floor thing"),
        ("box", "tool", "bag", "thing", "floor thing"), 3.5,
    ),
}  # fmt: skip
"""Use -> what makes such rooms."""
