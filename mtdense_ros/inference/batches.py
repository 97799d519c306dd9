"""The arguments of a batch: images of one size, and what is given once for all of them or once for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from mtdense_ros.datatypes import OUTPUTS, Rgb, check_rgb, image_size
from mtdense_ros.errors import InputError, known_names

T = TypeVar("T")


def common_size(images: Sequence[Rgb]) -> tuple[int, int]:
    """The (height, width) of all images, each (H, W, 3) uint8. Raises InputError, naming the image that differs."""
    if not len(images):
        raise InputError("predict_batch: no images; pass at least one")
    for i, rgb in enumerate(images):
        check_rgb(rgb, f"image {i}" if len(images) > 1 else "image")
        if rgb.shape != images[0].shape:
            found, due = (f"{image.shape[1]}x{image.shape[0]}" for image in (rgb, images[0]))
            raise InputError(f"predict_batch: image {i} is {found}, image 0 is {due}; batch images of one size")
    return image_size(images[0])


def per_image(values: T | Sequence[T | None] | None, kind: type[T], count: int, what: str) -> list[T | None]:
    """One value per image, from one of `kind` for all, a sequence, or nothing. Raises InputError on another length."""
    if values is None or isinstance(values, kind):
        return [values] * count
    if not isinstance(values, Sequence) or len(values) != count:
        found = len(values) if isinstance(values, Sequence) else type(values).__name__
        raise InputError(f"predict_batch: {found} {what} for {count} images; pass one for all, or one each")
    return list(values)


def chosen_outputs(outputs: Collection[str] | None) -> frozenset[str]:
    """`outputs`, all of datatypes.OUTPUTS for None. Raises InputError on an unknown name."""
    for output in outputs or ():
        if output not in OUTPUTS:
            raise InputError(f"outputs: '{output}' is unknown; {known_names(output, OUTPUTS)}")
    return frozenset(OUTPUTS if outputs is None else outputs)
