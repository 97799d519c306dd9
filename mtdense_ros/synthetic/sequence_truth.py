"""Compact exact truth of a still camera's sequence: the background once, then per frame only what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Truth:
    """Truth of one frame as it is stored: labels (H, W) uint8, 255 none; depth (H, W) uint16 mm along the optical axis, 0 none;
    normals (H, W, 3) int8 = round(127 n), camera optical frame, 0 0 0 none; foreground (H, W) bool."""

    labels: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    normals: NDArray[np.int8]
    foreground: NDArray[np.bool_]


def encode(background: Truth, frames: Sequence[Truth]) -> dict[str, NDArray[Any]]:
    """Arrays for np.savez_compressed. Outside its foreground every frame must equal the background."""
    masks, changes, values = [], [], []
    before = background
    for frame in frames:
        changed = frame.foreground & _differs(frame, before)
        masks.append(np.packbits(frame.foreground))
        changes.append(np.packbits(changed))
        values.append((frame.labels[changed], frame.depth[changed], frame.normals[changed]))
        before = frame
    labels, depth, normals = (np.concatenate(parts) for parts in zip(*values, strict=True))
    return {
        "labels": background.labels,
        "depth_mm": background.depth,
        "normals": background.normals,
        "foreground_bits": np.stack(masks),
        "changed_bits": np.stack(changes),
        "changed_labels": labels,
        # Neighbours along a row are alike: their differences compress, the values themselves hardly.
        "changed_depth_mm": np.diff(depth, prepend=np.uint16(0)),
        "changed_normals": np.diff(normals, axis=0, prepend=np.zeros((1, 3), np.int8)),
    }


def decode(arrays: Mapping[str, NDArray[Any]]) -> Iterator[Truth]:
    """The frames that `encode` was given, in order."""
    background = [arrays["labels"], arrays["depth_mm"], arrays["normals"]]
    depth = np.cumsum(arrays["changed_depth_mm"], dtype=np.uint16)
    values = [arrays["changed_labels"], depth, np.cumsum(arrays["changed_normals"], axis=0, dtype=np.int8)]
    shape, start = background[0].shape, 0
    state = [array.copy() for array in background]
    for mask_bits, changed_bits in zip(arrays["foreground_bits"], arrays["changed_bits"], strict=True):
        mask, changed = _unpack(mask_bits, shape), _unpack(changed_bits, shape)
        end = start + int(changed.sum())
        for known, empty, new in zip(state, background, values, strict=True):
            known[~mask] = empty[~mask]
            known[changed] = new[start:end]
        start = end
        yield Truth(state[0].copy(), state[1].copy(), state[2].copy(), mask)


def _differs(a: Truth, b: Truth) -> NDArray[np.bool_]:
    return np.asarray((a.labels != b.labels) | (a.depth != b.depth) | (a.normals != b.normals).any(-1) | (a.foreground != b.foreground))


def _unpack(bits: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)
