"""A room that is being furnished: pieces by walls and on the free floor, and small things on what carries them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mtdense_ros.synthetic.objects import furnished, furniture
from mtdense_ros.synthetic.objects.assets import Assets, Prop
from mtdense_ros.synthetic.objects.everyday_objects import sheet_of_paper, thing
from mtdense_ros.synthetic.objects.placement import Plan, rest_on
from mtdense_ros.synthetic.rendering import meshes
from mtdense_ros.synthetic.rendering.scene import Item

Rng = np.random.Generator

MAKERS: dict[str, Callable[..., Prop]] = {
    "bed": furnished.made_bed,
    "wardrobe": furniture.cabinet,
    "cabinet": furniture.cabinet,
    "dresser": furniture.cabinet,
    "nightstand": furniture.cabinet,
    "bookcase": furnished.filled_shelf,
    "shelves": furnished.filled_shelf,
    "desk": furniture.desk,
    "table": furniture.table,
    "chair": furniture.chair,
    "office chair": furnished.office_chair,
    "sofa": furnished.cushioned_sofa,
    "armchair": furnished.easy_chair,
    "tv stand": furnished.screen_stand,
    "pouf": furnished.ottoman,
    "floor plant": furnished.tall_plant,
    "bin": furnished.waste_bin,
}
"""Category -> what makes one where no model is drawn."""

_MADE = 0.25
"""Share of procedural pieces where there are models of the category too."""


@dataclass
class Furnishing:
    """A room being furnished: its assets, floor plan and wall height, and the items so far; `carriers` take things on top."""

    rng: Rng
    assets: Assets
    plan: Plan
    items: list[Item] = field(default_factory=list)
    carriers: list[Item] = field(default_factory=list)

    def piece(self, *categories: str) -> Prop | None:
        """A model or procedural piece of one of the categories, None where there is neither."""
        rng = self.rng
        makers = [MAKERS[category] for category in categories if category in MAKERS]
        made = makers[int(rng.integers(len(makers)))] if makers else None
        found = None if made is not None and rng.random() < _MADE else self.assets.of(rng, *categories)
        if found is None and made is not None:
            return made(rng, self.assets.library)
        return found

    def stand(self, prop: Prop, where: meshes.Array, carries: bool = True) -> Item:
        """Adds a prop at a pose, with what it holds."""
        item = prop.at(where)
        self.items += [item, *prop.held(where)]
        if carries:
            self.carriers.append(item)
        return item

    def by_wall(self, prop: Prop | None) -> Item | None:
        """Adds a prop with its back to a free stretch of wall, or nothing."""
        item = None if prop is None else self.plan.by_wall(self.rng, prop)
        if item is not None and prop is not None:
            self.items += [item, *prop.held(item.pose)]
            self.carriers.append(item)
        return item

    def free(self, prop: Prop | None, margin: float = 0.05) -> Item | None:
        """Adds a prop anywhere on the free floor, or nothing."""
        item = None if prop is None else self.plan.free(self.rng, prop, margin)
        if item is not None and prop is not None:
            self.items += [item, *prop.held(item.pose)]
            self.carriers.append(item)
        return item

    def small(self, categories: Sequence[str]) -> Prop:
        """A small thing of one of the categories; `thing` and `paper` are procedural ones of any kind."""
        rng = self.rng
        category = str(rng.choice(list(categories)))
        if category == "paper":
            return sheet_of_paper(rng, self.assets.library)
        found = None if category == "thing" or rng.random() < 0.15 else self.assets.of(rng, category)
        return thing(rng, self.assets.library) if found is None else found

    def strew(self, tops: Sequence[str], floor: Sequence[str], mean: float, per_top: float = 2.6) -> None:
        """Puts small things on what carries them, more on large tops, and on the floor."""
        rng = self.rng
        for carrier in list(self.carriers):
            low, high = carrier.bounds()
            area = float(np.prod((high - low)[:2]))
            wanted = rng.poisson(per_top * float(np.clip(area / 0.7, 0.35, 2.2)))
            for _ in range(int(wanted)):
                prop = self.small(tops)
                item = rest_on(rng, carrier, prop if float(prop.size.max()) < 0.75 else prop.shrunk(0.5))
                if item is not None and item.pose[2, 3] < 1.9:
                    self.items.append(item)
        for _ in range(int(rng.poisson(mean))):
            item = self.plan.free(rng, self.small(floor).shrunk(1.2), 0.0)
            if item is not None:
                self.items.append(item)
