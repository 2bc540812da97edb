"""Painting over: what is unknown in a picture is filled from what surrounds it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.utils import Flags, Floats

_DETAIL = 0.02
"""Standard deviation that separates detail from colour, as a share of the short side."""


def pull_push(image: Floats, known: Flags) -> Floats:
    """The picture with smooth colours where it is not known, by a pyramid of averages of what is known.

    Pull-push of Gortler et al., The Lumigraph (SIGGRAPH 1996): linear in the number of pixels.

    Args:
        image: float32 (H, W, C).
        known: bool (H, W); nothing known gives zeros.

    Returns:
        float32 (H, W, C), unchanged where known.
    """
    return _filled(np.where(known[..., None], image, 0).astype(np.float32), known.astype(np.float32))


def _filled(values: Floats, weights: Floats) -> Floats:
    height, width = weights.shape
    if weights.all() or max(height, width) == 1:
        return values
    even = ((0, height % 2), (0, width % 2))
    padded = np.pad(values * weights[..., None], (*even, (0, 0)))
    sums, counts = _quartered(padded), _quartered(np.pad(weights, even))
    pulled = sums / np.maximum(counts, 1e-6)[..., None]
    pushed = _doubled(_filled(pulled, np.minimum(counts, 1)))[:height, :width]
    blended: Floats = weights[..., None] * values + (1 - weights[..., None]) * pushed
    return blended


def _quartered(values: Floats) -> Floats:
    sums: Floats = values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
    return sums


def _doubled(values: Floats) -> Floats:
    """Twice as large, bilinear: each pixel is 3/4 its parent and 1/4 the parent's neighbour, along both axes."""
    for axis in (0, 1):
        padded = np.concatenate([values.take([0], axis), values, values.take([-1], axis)], axis)
        length = values.shape[axis]
        before, after = padded.take(range(length), axis), padded.take(range(2, length + 2), axis)
        pair = np.stack([0.75 * values + 0.25 * before, 0.75 * values + 0.25 * after], axis + 1)
        values = pair.reshape(*values.shape[:axis], 2 * length, *values.shape[axis + 1 :])
    return values


def paint_over(image: Floats, known: Flags) -> Floats:
    """Smooth colours, and upon them the detail of the nearest stretch of the same picture that is known.

    Smooth colours alone would read as a smear. Detail is the picture less its blur; it comes from the picture moved
    or mirrored by whichever of a few ways knows most of what is missing and differs least in colour.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        known: bool (H, W).

    Returns:
        float32 (H, W, 3) in [0, 1].
    """
    if known.all() or not known.any():
        return image
    smooth = pull_push(image, known)
    sigma = _DETAIL * min(known.shape)
    colour = gaussian_filter(smooth, (sigma, sigma, 0))
    detail = np.where(known[..., None], image - colour, 0)
    borrowed = _borrowed(detail, colour, known)
    return np.where(known[..., None], image, np.clip(colour + borrowed, 0, 1)).astype(np.float32)


def _borrowed(detail: Floats, colour: Floats, known: Flags) -> Floats:
    """Detail for the unknown pixels: the best way first, the next best where that is unknown, too."""
    missing = ~known
    ways = sorted(_ways(known.shape[0], known.shape[1]), key=lambda way: _misfit(way, colour, known))
    found = np.zeros_like(detail)
    for way in ways:
        moved = _moved(known, way) & missing
        found[moved] = _moved(detail, way)[moved]
        missing &= ~moved
        if not missing.any():
            break
    return found


def _misfit(way: tuple[int, int, bool], colour: Floats, known: Flags) -> float:
    here = ~known
    there = _moved(known, way)[here]
    if not there.any():
        return np.inf
    differences = np.abs(_moved(colour, way)[here][there] - colour[here][there]).mean()
    return float(differences) + 1 - float(there.mean())


def _ways(height: int, width: int) -> list[tuple[int, int, bool]]:
    """(rows, columns, mirrored): shifts by a quarter and a half of the frame, and the mirror image."""
    shares = (0, 0.25, -0.25, 0.5)
    shifts = [(round(y * height), round(x * width), False) for y in shares for x in shares if x or y]
    return [*shifts, (0, 0, True), (height // 4, 0, True), (-height // 4, 0, True)]


def _moved(values: np.ndarray, way: tuple[int, int, bool]) -> np.ndarray:
    rows, columns, mirrored = way
    return np.roll(values[:, ::-1] if mirrored else values, (rows, columns), (0, 1))
