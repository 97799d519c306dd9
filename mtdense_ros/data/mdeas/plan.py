"""What the MDEAS data set is made of: which cut-out stands where on which background, and how one is pasted onto the other.

As published: 100 backgrounds x 100 cut-outs x 2 (as they are, mirrored) x 4 scales x 5 places = 400,000 pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import ConfigError

Rgb = NDArray[np.uint8]
Rgba = NDArray[np.uint8]

FLIPS = 2


@dataclass(frozen=True)
class Item:
    """One pair: numbers of its background and its cut-out, and how that is changed; place counts the draws of a position."""

    background: int
    cutout: int
    mirrored: bool
    scale: float
    place: int


@dataclass(frozen=True)
class Plan:
    """Counts of the set, and the seed of its positions. size: of the square pictures, longest: side of a cut-out at scale 1, in px.

    Raises ConfigError where there is nothing to build, or a cut-out would not fit into its picture.
    """

    backgrounds: int
    cutouts: int
    scales: tuple[float, ...] = (1.0, 0.8, 0.6, 0.4)
    places: int = 5
    size: int = 224
    longest: int = 150
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.backgrounds, self.cutouts, len(self.scales), self.places) < 1:
            raise ConfigError(f"mdeas set: {self.backgrounds} backgrounds, {self.cutouts} cut-outs, {len(self.scales)} scales and "
                              f"{self.places} places make nothing; give at least one of each")
        if min(self.scales) * self.longest < 1 or max(self.scales) * self.longest >= self.size:
            raise ConfigError(f"mdeas set: cut-outs of {self.longest} px at scales {self.scales} do not fit into {self.size} px; "
                              "keep each between one pixel and the picture")

    def __len__(self) -> int:
        return self.backgrounds * self.cutouts * self.variants

    @property
    def variants(self) -> int:
        """Pairs of one background and one cut-out."""
        return FLIPS * len(self.scales) * self.places

    def item(self, index: int) -> Item:
        """The pair at a position: backgrounds change slowest, then cut-outs, mirroring, scales, places."""
        rest, place = divmod(index, self.places)
        rest, scale = divmod(rest, len(self.scales))
        rest, mirrored = divmod(rest, FLIPS)
        background, cutout = divmod(rest, self.cutouts)
        return Item(background, cutout, bool(mirrored), self.scales[scale], place)

    def position(self, index: int, width: int, height: int) -> tuple[int, int]:
        """The top-left corner (x, y) of a cut-out of that size: x in [0, size - width), y in [0, size - height), by the seed."""
        random = np.random.default_rng([self.seed, index])
        return int(random.integers(self.size - width)), int(random.integers(self.size - height))


def fitted(cutout: Rgba, longest: int) -> Rgba:
    """A cut-out (h, w, 4) with its longer side made `longest` px; alpha weighs colours, so that none bleed in at the rim."""
    height, width = cutout.shape[:2]
    ratio = longest / max(height, width)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    alpha = cutout[..., 3:].astype(np.float32) / 255
    weighted = np.concatenate((cutout[..., :3] * alpha, alpha), axis=-1)
    small = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)
    colour = small[..., :3] / np.maximum(small[..., 3:], 1 / 255)
    result: Rgba = np.rint(np.concatenate((np.minimum(colour, 255), small[..., 3:] * 255), axis=-1)).astype(np.uint8)
    return result


def pasted(background: Rgb, cutout: Rgba, x: int, y: int) -> tuple[Rgb, NDArray[np.uint8]]:
    """(overlay, mask) of a cut-out with its top-left corner at (x, y): alpha a + (1 - a), and a, both of the background's size."""
    height, width = cutout.shape[:2]
    mask = np.zeros(background.shape[:2], np.uint8)
    mask[y : y + height, x : x + width] = cutout[..., 3]
    alpha = cutout[..., 3:].astype(np.float32) / 255
    overlay = background.copy()
    window = overlay[y : y + height, x : x + width]
    window[:] = np.rint(alpha * cutout[..., :3] + (1 - alpha) * window).astype(np.uint8)
    return overlay, mask
