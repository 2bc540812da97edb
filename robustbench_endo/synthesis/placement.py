"""Where an instrument goes: turned, scaled and moved so that what the old frame cut off lies outside the new one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.synthesis.cutout import Cutout
from robustbench_endo.synthesis.utils import Flags, Points

SIDES = {"right": (1, 0), "left": (-1, 0), "bottom": (0, 1), "top": (0, -1)}
_SHARES = (0.3, 0.3, 0.3, 0.1)
_LEAN = math.radians(50)
_TRIES = 40
_VISIBLE, _SMALL, _LARGE = 0.35, 0.006, 0.4
_TIP = 0.04
"""How far inside the frame a tip must be, as a share of the short side."""


@dataclass(frozen=True)
class Placement:
    """A similarity: ``p -> matrix @ p + offset`` from the cut-out's pixels (x, y) to the picture's."""

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    side: str
    scale: float
    degrees: float
    mirrored: bool

    def __call__(self, points: Points) -> Points:
        """The points' new places."""
        moved: Points = points @ self.matrix.T + self.offset
        return moved


def place(cutout: Cutout, view: Flags, scales: tuple[float, float], rng: np.random.Generator) -> Placement | None:
    """A place at which the instrument enters from a side of the frame; None when chance finds none.

    Turned at random so that it leans at most 50 degrees from the side's normal, scaled between ``scales``, mirrored
    or not. At least a third of it is in view, its tip among that, and it fills from 0.6 to 40 % of the frame.

    Args:
        view: bool (H, W), what the picture's scope sees.
    """
    for _ in range(_TRIES):
        found = _drawn(cutout, view.shape, scales, rng)
        if _fits(cutout, found, view):
            return found
    return None


def _drawn(cutout: Cutout, size: tuple[int, ...], scales: tuple[float, float], rng: np.random.Generator) -> Placement:
    scale = float(np.exp(rng.uniform(np.log(scales[0]), np.log(scales[1]))))
    mirrored = bool(rng.random() < 0.5)
    side = str(rng.choice(list(SIDES), p=_SHARES))
    normal = np.array(SIDES[side], np.float64)
    outward = _outward(cutout) * ([-1, 1] if mirrored else [1, 1])
    turn = math.atan2(normal[1], normal[0]) - math.atan2(outward[1], outward[0]) + rng.uniform(-_LEAN, _LEAN)
    matrix = scale * _rotation(turn) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    offset = _offset(cutout, matrix, normal, np.array([size[1], size[0]], np.float64), rng)
    return Placement(matrix, offset, side, scale, math.degrees(turn) % 360, mirrored)


def _outward(cutout: Cutout) -> NDArray[np.float64]:
    """From the tip towards where the frame has cut the shaft; downwards for a piece that ends within the view."""
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
    """Along the normal just so far that the whole cut is outside, and up to a quarter of the length farther; along
    the side anywhere."""
    body = cutout.body @ matrix.T
    cut = cutout.cut @ matrix.T if len(cutout.cut) else body[:0]
    edge = float(size @ np.maximum(normal, 0))  # the side lies at n . p = W, H, or 0
    length = float(np.ptp(body @ normal))
    innermost = (cut @ normal).min() if len(cut) else (body @ normal).max() - 0.3 * length
    push = edge + 2 - innermost + rng.uniform(0, 0.25) * length
    along = np.array([-normal[1], normal[0]])
    middle = cut.mean(axis=0) if len(cut) else body.mean(axis=0)
    span = float(size @ np.abs(along))
    crossing = span * rng.uniform(0.08, 0.92)
    offset: NDArray[np.float64] = push * normal + np.abs(along) * (crossing - float(np.abs(along) @ middle))
    return offset


def _fits(cutout: Cutout, place: Placement, view: Flags) -> bool:
    height, width = view.shape
    points = place(cutout.body)
    pixels = np.rint(points).astype(int)
    within = pixels[(pixels >= 0).all(axis=1) & (pixels < [width, height]).all(axis=1)]
    seen = int(view[within[:, 1], within[:, 0]].sum())
    area = float((cutout.alpha > 127).sum()) * place.scale**2
    share = seen / len(points)
    if not (share >= _VISIBLE and _SMALL <= share * area / view.size <= _LARGE):
        return False
    tip = points[(points @ np.array(SIDES[place.side])).argmin()]
    margin = _TIP * min(height, width)
    return bool((tip >= margin).all() and (tip <= np.array([width, height]) - margin).all())
