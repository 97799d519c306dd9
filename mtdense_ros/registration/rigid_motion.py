"""A shift and a rotation that explain the displacements of most blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.registration.block_matching import Blocks, Matches

Floats = NDArray[np.float64]

_TOLERANCE = 0.8
"""Pixels of the small picture, along the directions that a block's texture fixes: what a tilt or a nearer object may add to a shift."""
_ROUNDS = 6


@dataclass(frozen=True)
class RigidMotion:
    """Displacement of a picture's content: x, y of its middle in pixels, and clockwise about it in radians (y points down)."""

    x: float = 0.0
    y: float = 0.0
    angle: float = 0.0

    def at(self, centres: Floats) -> Floats:
        """The displacements (n, 2) of points (n, 2) that are given from the picture's middle."""
        c, s = math.cos(self.angle) - 1.0, math.sin(self.angle)
        return np.stack([self.x + c * centres[:, 0] - s * centres[:, 1], self.y + s * centres[:, 0] + c * centres[:, 1]], axis=1)

    def scaled(self, factor: float) -> RigidMotion:
        """The same motion of a picture that is larger by the factor."""
        return RigidMotion(self.x * factor, self.y * factor, self.angle)

    def extent(self, size_hw: tuple[int, int]) -> float:
        """The root mean square of the displacements of all pixels of a picture (height, width)."""
        height, width = size_hw
        return math.sqrt(self.x**2 + self.y**2 + self.angle**2 * (height**2 + width**2) / 12)


def fit(blocks: Blocks, matches: Matches, start: RigidMotion) -> tuple[RigidMotion, NDArray[np.bool_]]:
    """The motion on which the most blocks agree, by iteratively reweighted least squares, and which of the matches do, (m,).

    Each block counts along the directions that its texture fixes: an edge says nothing of a motion along itself. It begins from the
    displacement of that block, or from `start`, on which the most agree.
    """
    if not len(matches.index):
        return start, np.zeros(0, bool)
    centres, tensors, displacement = blocks.centres[matches.index], blocks.tensors[matches.index], matches.displacement
    candidates = np.concatenate([displacement[:, None, :] + np.zeros_like(centres), start.at(centres)[None]])
    agreeing = (_misfit(candidates - displacement, tensors) < _TOLERANCE**2).sum(1)
    agreeing[-1] += 1  # of equals, the motion that was known
    predicted = candidates[int(agreeing.argmax())]
    motion = start
    for _ in range(_ROUNDS):
        misfit = _misfit((displacement - predicted)[None], tensors)[0]
        weight = np.square(np.clip(1 - misfit / (2 * _TOLERANCE) ** 2, 0, None))  # Tukey's
        motion = _weighted_fit(centres, displacement, tensors * weight[:, None, None])
        predicted = motion.at(centres)
    return motion, _misfit((displacement - predicted)[None], tensors)[0] < _TOLERANCE**2


def _misfit(difference: Floats, tensors: Floats) -> Floats:
    """Squared distances (k, m) of displacements (k, m, 2) as far as the texture of the m blocks fixes them."""
    return np.asarray(np.einsum("kmi,mij,kmj->km", difference, tensors, difference), np.float64)


def _weighted_fit(centres: Floats, displacement: Floats, weights: Floats) -> RigidMotion:
    """Least squares with a weight matrix (2, 2) each; the little ridge keeps at zero what no block fixes."""
    jacobian = np.zeros((len(centres), 2, 3))
    jacobian[:, 0, 0] = jacobian[:, 1, 1] = 1
    jacobian[:, 0, 2], jacobian[:, 1, 2] = -centres[:, 1], centres[:, 0]
    normal = np.einsum("mia,mij,mjb->ab", jacobian, weights, jacobian) + np.diag([1e-3, 1e-3, 1.0])
    right = np.einsum("mia,mij,mj->a", jacobian, weights, displacement)
    x, y, angle = np.linalg.solve(normal, right)
    return RigidMotion(float(x), float(y), float(angle))
