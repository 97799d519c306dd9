"""How camera images become the input of a network: its size, its values, and what its size means for depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Intrinsics, Rgb, image_size
from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.imaging.transforms import network_size, normalise
from mtdense_ros.utils.buffers import BufferPool
from mtdense_ros.weights import Card

Size = tuple[int, int]


class NetworkInput:
    """The input of a card's network. A size (height, width) replaces the card's; a network of native size then resizes its images.

    Raises ConfigError on a size that is not positive.
    """

    def __init__(self, card: Card, size: Size | None = None) -> None:
        self._card = card
        self.size_hw, self.resize = (card.input.height, card.input.width), card.input.resize
        if size is not None:
            if len(size) != 2 or min(size) < 1:
                raise ConfigError(f"size: {size} is no (height, width) in pixels; use for example (192, 256)")
            self.size_hw = int(size[0]), int(size[1])
            self.resize = "area" if self.resize == "native" else self.resize

    def size_for(self, camera_hw: Size) -> Size:
        """The (height, width) at which the network sees an image of that (height, width)."""
        return network_size(camera_hw, self.size_hw, self.resize, self._card.input.multiple)

    def of(self, images: Sequence[Rgb], buffers: BufferPool) -> NDArray[np.float32]:
        """Images of one size, each (H, W, 3) uint8, as (B, 3, h, w) float32, normalised as the card says."""
        size_hw = self.size_for(image_size(images[0]))
        out = buffers.array("network input", (len(images), 3, *size_hw), np.float32)
        for i, rgb in enumerate(images):
            normalise(rgb, size_hw, self._card.input.mean, self._card.input.std, out[i : i + 1], buffers)
        return out

    def focal_scale(self, camera_hw: Size, camera: Intrinsics | None) -> float:
        """The factor on depth: focal length in network pixels over the card's; 1 where the camera is unknown. Raises InputError."""
        depth = self._card.depth
        if camera is None or depth is None or depth.focal_px is None:
            return 1.0
        if (camera.height, camera.width) != camera_hw:
            found, due = f"{camera.width}x{camera.height}", f"{camera_hw[1]}x{camera_hw[0]}"
            raise InputError(f"intrinsics: are for {found}, the image is {due}; use the camera_info of this image")
        return camera.fx * self.size_for(camera_hw)[1] / camera_hw[1] / depth.focal_px
