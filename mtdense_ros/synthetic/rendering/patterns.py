"""Procedural surface textures, so that the few photographs of materials do not become what a network learns to see."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.float32]
Rng = np.random.Generator


def noise(rng: Rng, size: int, cells: int, octaves: int = 4, stretch: int = 1) -> Image:
    """Tileable value noise (size, size) in [0, 1]; stretch > 1 draws it out along the rows (wood, brushed metal)."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        rows = cells * 2**octave
        columns = max(rows // stretch, 1)
        if rows > size:
            break
        values = np.pad(rng.random((rows, columns), dtype=np.float32), 1, mode="wrap")
        scale = (size * (columns + 2) // columns, size * (rows + 2) // rows)
        big = cv2.resize(values, scale, interpolation=cv2.INTER_CUBIC)
        top, left = size // rows, size // columns
        total += big[top : top + size, left : left + size] * 0.5**octave
    low, high = total.min(), total.max()
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def plaster(rng: Rng, size: int) -> Image:
    """Rough paint or plaster: faint grain and stains."""
    grain = 0.5 * noise(rng, size, 64, 2) + 0.5 * noise(rng, size, 3, 3)
    return _gray(0.9 + rng.uniform(0.03, 0.14) * (grain - 0.5))


def carpet(rng: Rng, size: int) -> Image:
    """Dense pile: strong fine grain in two tones."""
    grain = rng.normal(0, 1, (size, size)).astype(np.float32)
    return _gray(0.75 + rng.uniform(0.05, 0.14) * cv2.GaussianBlur(grain, (3, 3), 0) + 0.15 * (noise(rng, size, 6, 3) - 0.5))


def cloth(rng: Rng, size: int) -> Image:
    """Woven cloth: fine crossing threads."""
    at = np.arange(size) * 2 * np.pi / size
    threads = int(rng.integers(24, 64))
    weave = np.sin(at * threads)[:, None] * np.sin(at * threads)[None]
    return _gray(0.82 + 0.1 * weave + 0.12 * (noise(rng, size, 16, 3) - 0.5))


def wood(rng: Rng, size: int) -> Image:
    """Straight-grained wood in its own brown."""
    grain = noise(rng, size, 16, 4, stretch=int(rng.choice([8, 16])))
    color = np.array(rng.choice([[0.80, 0.62, 0.42], [0.62, 0.42, 0.26], [0.42, 0.27, 0.17], [0.86, 0.76, 0.60], [0.7, 0.66, 0.6]]))
    return np.asarray(color * (0.85 + 0.3 * (grain[..., None] - 0.5)), np.float32)


def planks(rng: Rng, size: int) -> Image:
    """Floor boards: wood cut in rows of random tone with dark joints."""
    base, count = wood(rng, size), int(rng.choice([4, 6, 8]))
    height = size // count
    for row in range(count):
        band = slice(row * height, (row + 1) * height)
        shifted = np.roll(base[band], int(rng.integers(size)), axis=1)
        cut = int(rng.integers(size))
        base[band, :cut] = shifted[:, :cut] * rng.uniform(0.85, 1.1)
        base[band, cut:] = shifted[:, cut:] * rng.uniform(0.85, 1.1)
        base[band, max(cut - 1, 0) : cut + 1] *= 0.6
        base[band.stop - 1 : band.stop] *= 0.6
    return base


def tiles(rng: Rng, size: int) -> Image:
    """Square or brick-bonded tiles with joints, slightly different in tone."""
    rows = int(rng.choice([2, 4, 8]))
    columns = rows // int(rng.choice([1, 2]))
    tone = 1 + 0.08 * rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    image = cv2.resize(tone, (size, size), interpolation=cv2.INTER_NEAREST) * (0.85 + 0.1 * noise(rng, size, 4, 4))
    joint, dark = max(size // 100, 1), float(rng.choice([0.55, 0.75, 1.15]))
    shift = size // columns // 2 if rng.random() < 0.4 else 0
    for row in range(rows):
        band = slice(row * size // rows, (row + 1) * size // rows)
        image[band.start : band.start + joint] *= dark
        for column in range(columns):
            at = (column * size // columns + (row % 2) * shift) % size
            image[band, at : at + joint] *= dark
    return _gray(image)


def checker(rng: Rng, size: int) -> Image:
    """A two-tone checkerboard."""
    count = int(rng.choice([2, 4, 8, 16]))
    board = np.indices((count, count)).sum(0) % 2
    tones = rng.uniform(0.25, 1.0, (2, 3)).astype(np.float32)
    return np.asarray(cv2.resize(tones[board], (size, size), interpolation=cv2.INTER_NEAREST) * 0.95, np.float32)


def stripes(rng: Rng, size: int) -> Image:
    """Vertical stripes of two to four tones."""
    tones = rng.uniform(0.35, 1.0, (int(rng.integers(2, 5)), 3)).astype(np.float32)
    order = rng.integers(0, len(tones), int(rng.choice([4, 8, 16, 24])))
    return np.asarray(cv2.resize(tones[order][None], (size, size), interpolation=cv2.INTER_NEAREST), np.float32)


def marble(rng: Rng, size: int) -> Image:
    """Polished stone: veins along the contours of noise."""
    veins = np.abs(np.sin(6.3 * (noise(rng, size, 2, 5) + 0.6 * noise(rng, size, 5, 4))))
    return _gray(0.95 - rng.uniform(0.1, 0.4) * (1 - veins) ** 3)


def terrazzo(rng: Rng, size: int) -> Image:
    """Speckled floor: coloured chips in a plain ground."""
    image = np.full((size, size, 3), 0.85, np.float32)
    for _ in range(int(rng.integers(200, 700))):
        at, radius = rng.integers(0, size, 2).tolist(), int(rng.integers(1, max(size // 60, 2)))
        cv2.circle(image, at, radius, (rng.uniform(0.3, 1.0) * rng.uniform(0.85, 1.0, 3)).tolist(), -1, cv2.LINE_AA)
    return image


def scribble(rng: Rng, size: int) -> Image:
    """Print: packaging, posters, paintings, screens. Random fields, discs, strokes and lines of text-like marks."""
    image = np.broadcast_to(rng.uniform(0.1, 1.0, 3), (size, size, 3)).astype(np.float32)
    if rng.random() < 0.5:
        mix = noise(rng, size, int(rng.choice([1, 2, 4])), 5)[..., None]
        image = mix * image + (1 - mix) * rng.random(3, dtype=np.float32)
    image = np.ascontiguousarray(image, np.float32)
    for _ in range(int(rng.integers(2, 14))):
        a, b, color = rng.integers(0, size, 2).tolist(), rng.integers(0, size, 2).tolist(), rng.random(3).tolist()
        kind = rng.integers(4)
        if kind == 0:
            cv2.rectangle(image, a, b, color, -1)
        elif kind == 1:
            cv2.circle(image, a, int(rng.integers(4, size // 3)), color, -1, cv2.LINE_AA)
        elif kind == 2:
            cv2.line(image, a, b, color, int(rng.integers(1, max(size // 16, 2))), cv2.LINE_AA)
        else:
            cv2.putText(image, "".join(map(chr, rng.integers(65, 91, 9))), a, 5, size / 256 * rng.uniform(0.6, 2.2), color, 1 + size // 128)
    return image


def outdoors(rng: Rng, size: int) -> Image:
    """What shows through a window: bright sky over blurred green or buildings."""
    horizon = rng.uniform(0.3, 0.8)
    height = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    sky = np.array([0.85, 0.92, 1.0]) * (1 - 0.25 * height)
    land = rng.uniform(0.2, 0.6, 3) * (0.6 + 0.8 * noise(rng, size, 6, 4)[..., None])
    edge = horizon + 0.2 * (noise(rng, size, 4, 4)[:1, :, None] - 0.5)
    return np.asarray(cv2.GaussianBlur(np.where(height < edge, sky, land).astype(np.float32), (0, 0), size / 80), np.float32)


def daylight(rng: Rng, size: int) -> Image:
    """What a camera exposed for the room makes of the view: sky, houses and trees all but burnt out."""
    view = outdoors(rng, size)
    grey = view.mean(-1, keepdims=True)
    burnt = rng.uniform(0.35, 0.9)
    return np.asarray((grey + 0.35 * (view - grey)) * (1 - burnt) + burnt * np.array([0.97, 1.0, 1.0]), np.float32)


def shaded(rng: Rng, size: int) -> Image:
    """Plain paint with broad marks of age and damp: slow changes of tone over the whole tile, little grain."""
    broad, grain = noise(rng, size, int(rng.choice([1, 2, 3])), 2), noise(rng, size, 32, 2)
    tone = 0.85 + rng.uniform(0.1, 0.35) * (broad[..., None] - 0.5) * (1 + rng.normal(0, 0.15, 3))
    return np.asarray(tone + rng.uniform(0.0, 0.06) * (grain[..., None] - 0.5), np.float32)


def calm(make: Callable[[Rng, int], Image]) -> Callable[[Rng, int], Image]:
    """A maker whose pattern keeps a sixth to a half of its contrast: floors and walls as most are."""

    def made(rng: Rng, size: int) -> Image:
        image = make(rng, size)
        mean = image.mean((0, 1), keepdims=True)
        return np.asarray(mean + rng.uniform(0.15, 0.5) * (image - mean), np.float32)

    return made


KINDS: dict[str, tuple[Callable[[Rng, int], Image], int]] = {
    "plaster": (plaster, 6),
    "carpet": (carpet, 5),
    "cloth": (cloth, 6),
    "wood": (wood, 8),
    "planks": (planks, 8),
    "tiles": (tiles, 10),
    "checker": (checker, 5),
    "stripes": (stripes, 8),
    "marble": (marble, 5),
    "terrazzo": (terrazzo, 3),
    "print": (scribble, 40),
    "outdoors": (outdoors, 6),
    "calm planks": (calm(planks), 8),
    "calm tiles": (calm(tiles), 8),
    "calm carpet": (calm(carpet), 5),
    "calm plaster": (calm(plaster), 5),
    "linoleum": (calm(terrazzo), 3),
    "shaded": (shaded, 8),
    "daylight": (daylight, 12),
}
"""Kind -> its maker and how many variants a texture library holds; the demo sequence's textures stay only if new kinds come last."""


def _gray(values: ArrayLike) -> Image:
    return np.repeat(np.asarray(values, np.float32)[..., None], 3, 2)
