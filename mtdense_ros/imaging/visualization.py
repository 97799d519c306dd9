"""Labels, depth, normals and masks -> pictures for people."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import LabelSpace, check_rgb
from mtdense_ros.errors import InputError
from mtdense_ros.utils.buffers import BufferPool

Image = NDArray[np.uint8]

FOREGROUND_COLOR = (255, 40, 40)


def colour_labels(labels: NDArray[np.uint8], space: LabelSpace, buffers: BufferPool | None = None) -> Image:
    """The display colour of each class id (H, W): (H, W, 3) uint8 RGB; unlabelled (255) and ids outside the space are black."""
    palette = np.zeros((1, 256, 3), np.uint8)
    palette[0, : len(space.colors)] = space.colors
    buffers = buffers or BufferPool()
    ids, out = (buffers.array(name, (*labels.shape, 3), np.uint8) for name in ("id triples", "labels color"))
    cv2.merge([labels, labels, labels], dst=ids)
    cv2.LUT(ids, palette, dst=out)
    return out


def colour_depth(depth: NDArray[np.float32], min_m: float, max_m: float) -> Image:
    """Depth (H, W) in m as (H, W, 3) uint8 RGB of the map Turbo over inverse depth: near red, far blue, unknown black.

    Inverse depth, because a robot cares about a metre nearby more than about one far away. -Inf is painted as min_m, +Inf as
    max_m, NaN black. Raises InputError unless 0 < min_m < max_m.
    """
    if not 0 < min_m < max_m:
        raise InputError(f"depth colours: range {min_m} to {max_m} m is not increasing and positive; set depth.min and depth.max")
    with np.errstate(invalid="ignore"):
        inverse = np.float32(1) / np.clip(depth, np.float32(min_m), np.float32(max_m))
    known = ~np.isnan(depth)
    level = (inverse - 1 / max_m) / (1 / min_m - 1 / max_m)
    picture = cv2.applyColorMap(np.where(known, np.rint(255 * level), 0).astype(np.uint8), cv2.COLORMAP_TURBO)
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    rgb[~known] = 0
    return rgb


def colour_normals(normals: NDArray[np.float32], buffers: BufferPool | None = None) -> Image:
    """Normals (H, W, 3), camera optical frame, as (H, W, 3) uint8 RGB: R = (x + 1) / 2, G = (1 - y) / 2, B = (1 - z) / 2.

    That is red to the right, green up and blue towards the camera, as in tangent-space normal maps; NaN black.
    """
    buffers = buffers or BufferPool()
    levels = buffers.array("normal levels", normals.shape, np.float32)
    cv2.transform(normals, 127.5 * np.array([[1, 0, 0, 1], [0, -1, 0, 1], [0, 0, -1, 1]]), dst=levels)
    cv2.patchNaNs(levels, 0)
    out = buffers.array("normals color", normals.shape, np.uint8)
    cv2.convertScaleAbs(levels, dst=out)
    return out


def overlay_foreground(rgb: Image, mask: NDArray[np.bool_], buffers: BufferPool | None = None) -> Image:
    """The image (H, W, 3) with the foreground (H, W) bool tinted red within a red outline one pixel wide.

    Raises InputError when the sizes differ.
    """
    check_rgb(rgb, "foreground overlay")
    if mask.shape != rgb.shape[:2]:
        raise InputError(f"foreground overlay: mask {mask.shape} and image {rgb.shape[:2]} differ; bring the mask to camera size first")
    buffers = buffers or BufferPool()
    inside, outline = mask.view(np.uint8), buffers.array("outline", mask.shape, np.uint8)
    cv2.dilate(inside, np.ones((3, 3), np.uint8), dst=outline)
    np.subtract(outline, inside, out=outline)
    out, tint = (buffers.array(name, rgb.shape, np.uint8) for name in ("overlay", "tint"))
    np.copyto(out, rgb)
    halfway = (np.arange(256)[:, None] + np.array(FOREGROUND_COLOR) + 1) // 2
    cv2.copyTo(cv2.LUT(rgb, halfway.astype(np.uint8)[None], dst=tint), inside, dst=out)
    everywhere = np.full((1, 256, 3), FOREGROUND_COLOR, np.uint8)
    cv2.copyTo(cv2.LUT(rgb, everywhere, dst=tint), outline, dst=out)
    return out
