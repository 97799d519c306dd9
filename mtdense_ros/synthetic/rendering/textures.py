"""The texture layers of a renderer: photographs of materials, procedural patterns and the textures inside models."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import InputError
from mtdense_ros.synthetic.rendering import patterns

WHITE = 0
"""The layer without any pattern: an untextured part shows its tint."""

PHOTOS: dict[str, tuple[str, ...]] = {
    "wood": ("aws_BookshelfA_01", "aws_CoffeeTable_01", "aws_Board_01", "aws_Handle_01", "aws_Wardrobe_01"),
    "planks": ("aws_RetailShopFloor_01", "aws_FloorB_01", "aws_RetailShopCeiling_01", "aws_RoomCeiling_01"),
    "plaster": ("gravel", "aws_robomaker_hospital_ramp_01"),
    "carpet": ("grass",),
    "brick": ("brick", "aws_RoomWall_01"),
    "stripes": ("aws_RetailShopWall_01",),
    "print": ("chelsea", "coffee", "aws_BookshelfA_02", "aws_BookE_01", "aws_BookC_01", "aws_BookF_01", "aws_BookA_01", "aws_MagicCube_01"),
    "cardboard": ("aws_robomaker_warehouse_ClutteringA_01", "aws_robomaker_warehouse_ClutteringA_02"),
    "curtain": ("aws_Curtain_01", "aws_robomaker_hospital_curtain_closed_01_visual"),
}
"""Kind -> file names (without suffix) of the CC0 and MIT-0 textures that serve as it."""


_INSTEAD = {"brick": "tiles", "cardboard": "calm plaster", "curtain": "cloth"}


class TextureLibrary:
    """Square texture layers by kind; models add theirs while they are loaded, then `layers` is given to the renderer.

    size: side in pixels; seed: of the patterns, another for pictures of another family. They depend on nothing else, so that one
    scene seed always gives one picture.
    """

    def __init__(self, size: int = 256, seed: int = 20) -> None:
        self.size = size
        self.kinds: dict[str, list[int]] = {}
        self._images: list[NDArray[np.uint8]] = [np.full((size, size, 3), 255, np.uint8)]
        self._known: dict[str, int] = {}
        rng = np.random.default_rng(seed)
        for kind, (make, count) in patterns.KINDS.items():
            for _ in range(count):
                self._add(kind, (make(rng, size).clip(0, 1) * 255).astype(np.uint8))

    def add_photos(self, assets: Path) -> None:
        """Adds the material photographs found under an assets folder; raises InputError when one of PHOTOS is missing."""
        found = {path.stem: path for path in sorted(assets.glob("textures_*/**/*.*")) if path.suffix in (".jpg", ".png")}
        for kind, names in PHOTOS.items():
            for name in names:
                if name not in found:
                    raise InputError(f"{assets}: texture {name} is missing under textures_*; check the assets folder")
                self._add(kind, self._read(found[name]))

    def shared(self, picture: NDArray[np.uint8]) -> int:
        """The layer of a model's own texture (H, W, 3) RGB, shared by all that hold the same picture."""
        key = hashlib.sha256(picture.tobytes()).hexdigest()
        if key not in self._known:
            self._known[key] = self._add("", self._fitted(picture))
        return self._known[key]

    def pick(self, rng: np.random.Generator, *kinds: str) -> int:
        """A random layer of one of the kinds; where only photographs would serve and none were added, of its nearest pattern."""
        kind = str(rng.choice(kinds))
        return int(rng.choice(self.kinds.get(kind) or self.kinds[_INSTEAD[kind]]))

    def layers(self) -> NDArray[np.uint8]:
        """All layers (N, S, S, 3) RGB."""
        return np.stack(self._images)

    def _add(self, kind: str, image: NDArray[np.uint8]) -> int:
        self._images.append(image)
        self.kinds.setdefault(kind, []).append(len(self._images) - 1)
        return len(self._images) - 1

    def _read(self, path: Path) -> NDArray[np.uint8]:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise InputError(f"{path}: texture is no readable picture; check the assets folder")
        return self._fitted(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))

    def _fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(cv2.resize(picture, (self.size, self.size), interpolation=cv2.INTER_AREA), np.uint8)
