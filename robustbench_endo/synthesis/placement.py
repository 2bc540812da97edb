"""Placement of instruments: rotated, scaled and moved so that the cut of the old frame is outside the new one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.synthesis.cutout import Cutout
from robustbench_endo.synthesis.utils import Flags, Points

SIDES = {"right": (1, 0), "left": (-1, 0), "bottom": (0, 1), "top": (0, -1)}
"""Side that an instrument enters from -> its outward normal (x, y)."""

_SIDE_PROBABILITIES = (0.3, 0.3, 0.3, 0.1)
_MAX_LEAN = math.radians(50)
_TRIES = 40
_MIN_VISIBLE = 0.35
"""Smallest share of an instrument that is in view."""

_MIN_AREA, _MAX_AREA = 0.006, 0.4
"""Smallest and largest share of the frame that an instrument fills."""

_TIP = 0.04
"""Smallest distance of a tip from the border of the frame, as a share of the short side."""


@dataclass(frozen=True)
class Placement:
    """A similarity transformation ``p -> matrix @ p + offset`` from the cut-out's pixels (x, y) to the image's.

    Attributes:
        matrix: (2, 2).
        offset: (2,).
        side: that the instrument enters from.
        scale: relative to the cut-out.
        degrees: angle of the rotation, 0 to 360.
        mirrored: whether it is mirrored before the rotation.
    """

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    side: str
    scale: float
    degrees: float
    mirrored: bool

    def __call__(self, points: Points) -> Points:
        """Transform points."""
        moved: Points = points @ self.matrix.T + self.offset
        return moved


def sample_placement(
    cutout: Cutout, view: Flags, scales: tuple[float, float], rng: np.random.Generator
) -> Placement | None:
    """A random placement in which the instrument enters from a side of the frame; None if no attempt fits.

    It leans at most 50 degrees from the side's normal, is scaled between ``scales``, and mirrored or not. At least 35 %
    of it is in view, its tip included, and it fills from 0.6 to 40 % of the frame.

    Args:
        cutout: the instrument.
        view: bool (H, W), field of view of the image.
        scales: smallest and largest scale.
        rng: random numbers of the image.
    """
    for _ in range(_TRIES):
        placement = _propose(cutout, view.shape, scales, rng)
        if _fits(cutout, placement, view):
            return placement
    return None


def _propose(cutout: Cutout, size: tuple[int, ...], scales: tuple[float, float], rng: np.random.Generator) -> Placement:
    scale = float(np.exp(rng.uniform(np.log(scales[0]), np.log(scales[1]))))
    mirrored = bool(rng.random() < 0.5)
    side = str(rng.choice(list(SIDES), p=_SIDE_PROBABILITIES))
    normal = np.array(SIDES[side], np.float64)
    outward = _outward(cutout) * ([-1, 1] if mirrored else [1, 1])
    angle = math.atan2(normal[1], normal[0]) - math.atan2(outward[1], outward[0]) + rng.uniform(-_MAX_LEAN, _MAX_LEAN)
    matrix = scale * _rotation(angle) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    offset = _offset(cutout, matrix, normal, np.array([size[1], size[0]], np.float64), rng)
    return Placement(matrix, offset, side, scale, math.degrees(angle) % 360, mirrored)


def _outward(cutout: Cutout) -> NDArray[np.float64]:
    """From the tip towards the cut of the shaft; downwards for an instrument without cut."""
    if not len(cutout.cut):
        return np.array([0.0, 1.0])
    outward: NDArray[np.float64] = cutout.cut.mean(axis=0) - cutout.body.mean(axis=0)
    return outward


def _rotation(angle: float) -> NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _offset(
    cutout: Cutout,
    matrix: NDArray[np.float64],
    normal: NDArray[np.float64],
    size: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The translation: along the normal until the entire cut is outside, and up to a quarter of the length further;
    along the side to a random position."""
    body = cutout.body @ matrix.T
    cut = cutout.cut @ matrix.T if len(cutout.cut) else body[:0]
    edge = float(size @ np.maximum(normal, 0))  # the side is at n . p = W, H, or 0
    length = float(np.ptp(body @ normal))
    innermost = (cut @ normal).min() if len(cut) else (body @ normal).max() - 0.3 * length
    push = edge + 2 - innermost + rng.uniform(0, 0.25) * length
    along = np.array([-normal[1], normal[0]])
    middle = cut.mean(axis=0) if len(cut) else body.mean(axis=0)
    span = float(size @ np.abs(along))
    crossing = span * rng.uniform(0.08, 0.92)
    offset: NDArray[np.float64] = push * normal + np.abs(along) * (crossing - float(np.abs(along) @ middle))
    return offset


def _fits(cutout: Cutout, placement: Placement, view: Flags) -> bool:
    height, width = view.shape
    points = placement(cutout.body)
    pixels = np.rint(points).astype(int)
    inside = pixels[(pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1)]
    n_visible = int(view[inside[:, 1], inside[:, 0]].sum())
    area = float((cutout.alpha > 127).sum()) * placement.scale**2
    share = n_visible / len(points)
    if not (share >= _MIN_VISIBLE and _MIN_AREA <= share * area / view.size <= _MAX_AREA):
        return False
    tip = points[(points @ np.array(SIDES[placement.side])).argmin()]
    margin = _TIP * min(height, width)
    return bool((tip >= margin).all() and (tip <= np.array([width, height]) - margin).all())
