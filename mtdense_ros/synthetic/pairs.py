"""One training pair from one seed: draws a scene, renders it empty and with its foreground, and refuses bad views."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.data.datasets.shards import Pair
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import ConfigError
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.synthetic.rendering.renderer import Renderer, Rendering
from mtdense_ros.synthetic.rendering.scene import CEILING, DOOR, OTHER, WALL, Item
from mtdense_ros.synthetic.scenes.bystanders import SHARE, people
from mtdense_ros.synthetic.scenes.foreground import Surface, enter, surface_of
from mtdense_ros.synthetic.scenes.furnished_rooms import furnished_room
from mtdense_ros.synthetic.scenes.rooms import Setting, room
from mtdense_ros.synthetic.scenes.tabletops import tabletop
from mtdense_ros.synthetic.scenes.worlds import Worlds

HELD_OUT_SEEDS = range(900_000_000, 901_000_000)
"""Scene seeds of the demo sequence; training refuses them."""

SHARES = {"furnished": 0.46, "room": 0.14, "world": 0.13, "tabletop": 0.27}
"""Kind of scene -> share of the pairs; without worlds among the assets their share goes to furnished rooms."""

_COME = 0.75
"""Share of the people who are in the frame but not in the background."""

_TRIES, _LOOKS = 16, 3
_FLAT = 12
"""Standard deviation of a picture's values, 0..255, below which it is too dark or bare to be worth keeping."""


class PairRenderer:
    """Renders pairs of size (height, width) with the models of `assets`; each pair depends on its seed alone."""

    def __init__(self, assets: Assets, size: tuple[int, int] = (240, 320)) -> None:
        self.size = size
        self.assets = assets
        self.worlds = Worlds(self.assets) if assets.worlds else None
        self._renderer = Renderer(size, self.assets.library.layers())

    def pair(self, seed: int) -> Pair:
        """The pair of a seed. Raises ConfigError for a seed that is held out."""
        if seed in HELD_OUT_SEEDS:
            raise ConfigError(f"seed {seed} is held out for the demo sequence ({HELD_OUT_SEEDS}); choose another for training data")
        rng = np.random.default_rng(seed)
        kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        setting, empty = self._seen(kind, rng)
        surface = surface_of(empty, setting.view)
        staying, coming = self._people(rng, setting, surface)
        if staying:
            setting = replace(setting, items=[*setting.items, *staying])
            empty = self._renderer.render(setting.items, setting.view, setting.lighting)
            surface = surface_of(empty, setting.view)
        added = [*coming, *enter(rng, self.assets, surface, setting.largest)]
        full = self._renderer.add_foreground(added)
        return pack(empty, full, setting, added)

    def _seen(self, kind: str, rng: np.random.Generator) -> tuple[Setting, Rendering]:
        """A scene and its view without foreground: several cameras are tried in each of several scenes until one is plausible."""
        for setting in itertools.islice(self._settings(kind, rng), _TRIES):
            if plausible(self._renderer.survey(setting.items, setting.view), setting):
                empty = self._renderer.light(setting.lighting)
                if empty.image.std() > _FLAT:
                    return setting, empty
        return setting, self._renderer.light(setting.lighting)

    def _people(self, rng: np.random.Generator, setting: Setting, surface: Surface) -> tuple[list[Item], list[Item]]:
        """People in some views of rooms: those of both pictures, and those of the frame alone."""
        groups: tuple[list[Item], list[Item]] = ([], [])
        if setting.largest > 1 and rng.random() < SHARE:
            for group in people(rng, self.assets, surface, setting.view, setting.items):
                groups[int(rng.random() < _COME)].extend(group)
        return groups

    def _settings(self, kind: str, rng: np.random.Generator) -> Iterator[Setting]:
        """Scenes of a kind without end, each that allows it with several cameras in turn."""
        while True:
            setting = self._setting(kind, rng)
            yield setting
            for _ in range(_LOOKS):
                if setting.look is not None:
                    yield replace(setting, view=setting.look(rng))

    def _setting(self, kind: str, rng: np.random.Generator) -> Setting:
        if kind == "room":
            return room(rng, self.assets, self.size)
        if kind == "furnished" or (kind == "world" and self.worlds is None):
            return furnished_room(rng, self.assets, self.size)
        if self.worlds is not None and kind == "world":
            return self.worlds.setting(rng, self.size)
        return tabletop(rng, self.assets, self.size)


def plausible(rendering: Rendering, setting: Setting) -> bool:
    """Whether a robot could have seen this: neither inside a thing nor against a wall or outdoors."""
    depth = np.where(rendering.depth > 0, rendering.depth, np.inf)
    labels = labels_of(rendering, setting.items)
    if np.median(depth) < (0.4 if setting.largest < 1 else 1.0) or (depth < 0.12).mean() > 0.02 or (rendering.depth == 0).mean() > 0.12:
        return False
    bare = np.isin(labels, (WALL, CEILING, DOOR, OTHER))
    shares = np.bincount(rendering.instances.reshape(-1))[1:] / depth.size
    walled = ((depth < 0.9) & bare).mean() > 0.4 or bare.mean() > 0.9
    filled = shares.max() > (0.8 if setting.largest < 1 else 0.65)
    return bool(not walled and not filled)


def labels_of(rendering: Rendering, items: Sequence[Item]) -> NDArray[np.uint8]:
    """(H, W) label ids of a rendering of these items."""
    table = np.array([UNLABELLED, *(item.label for item in items)], np.uint8)
    return table[rendering.instances]


def pack(empty: Rendering, full: Rendering, setting: Setting, added: Sequence[Item]) -> Pair:
    """The pair of two renderings of a setting, without and with the added items."""
    both = (full, empty)
    items = [*setting.items, *added]
    return Pair(
        images=np.stack([r.image for r in both]),
        depth=np.stack([r.depth for r in both]).astype(np.float16),
        labels=np.stack([labels_of(r, items) for r in both]),
        normals=np.rint(np.stack([r.normals for r in both]) * 127).astype(np.int8),
        foreground=(full.instances > len(setting.items)).astype(np.uint8),
        focal=setting.view.intrinsics.fx,
    )
