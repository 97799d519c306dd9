"""The training sample: a picture and its truths. Unknown truths are explicit, so that each loss counts only where it has one."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Intrinsics, check_rgb
from mtdense_ros.errors import InputError

_KINDS: dict[str, tuple[type[np.generic], int]] = {
    "labels": (np.uint8, 2),
    "depth": (np.float32, 2),
    "normals": (np.float32, 3),
    "foreground": (np.float32, 2),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture of a data set; a target that is None is unknown everywhere.

    image (H, W, 3) uint8 RGB; labels (H, W) uint8, 255 unlabelled; depth (H, W) float32 along the optical axis, in m or in the
    source's own unit, NaN unknown; normals (H, W, 3) float32 unit, camera optical frame, facing the camera, NaN unknown;
    foreground (H, W) float32 share in [0, 1] of what is not in the background, NaN unknown; background: the same view without
    the foreground, with truths of its own; intrinsics: of this picture. Raises InputError on another shape or type.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None = None
    depth: NDArray[np.float32] | None = None
    normals: NDArray[np.float32] | None = None
    foreground: NDArray[np.float32] | None = None
    background: Sample | None = None
    intrinsics: Intrinsics | None = None
    name: str = ""

    def __post_init__(self) -> None:
        where = f"sample '{self.name}'"
        check_rgb(self.image, f"{where}, image")
        size = self.image.shape[:2]
        for key, (dtype, axes) in _KINDS.items():
            array = getattr(self, key)
            shape = size if axes == 2 else (*size, 3)
            if array is not None and (array.dtype != dtype or array.shape != shape):
                found = f"{array.dtype} {array.shape}"
                raise InputError(f"{where}, {key}: found {found}, expected {np.dtype(dtype)} {shape}; convert it where it is read")
        if self.background is not None and self.background.image.shape != self.image.shape:
            found, due = (f"{s.image.shape[1]}x{s.image.shape[0]}" for s in (self.background, self))
            raise InputError(f"{where}: its background is {found}, the picture {due}; pair pictures of one camera")
        if self.intrinsics is not None and (self.intrinsics.height, self.intrinsics.width) != size:
            found = f"{self.intrinsics.width}x{self.intrinsics.height}"
            raise InputError(f"{where}: intrinsics are for {found}, the picture is {size[1]}x{size[0]}; scale them with the picture")

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets that are known at least somewhere."""
        return tuple(field.name for field in fields(self) if field.name in _KINDS and getattr(self, field.name) is not None)
