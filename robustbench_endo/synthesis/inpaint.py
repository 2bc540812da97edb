"""Inpainting: unknown pixels of an image are filled from their surroundings."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.utils import Flags, Floats

_DETAIL = 0.02
"""Standard deviation of the Gaussian that separates detail from colour, as a share of the short side."""


def pull_push(image: Floats, known: Flags) -> Floats:
    """Fill unknown pixels with smooth colours, by a pyramid of averages of the known ones.

    Pull-push of Gortler et al., The Lumigraph (SIGGRAPH 1996): linear in the number of pixels.

    Args:
        image: float32 (H, W, C).
        known: bool (H, W); nothing known gives zeros.

    Returns:
        float32 (H, W, C), unchanged where known.
    """
    return _fill(np.where(known[..., None], image, 0).astype(np.float32), known.astype(np.float32))


def _fill(values: Floats, weights: Floats) -> Floats:
    height, width = weights.shape
    if weights.all() or max(height, width) == 1:
        return values
    even = ((0, height % 2), (0, width % 2))
    padded = np.pad(values * weights[..., None], (*even, (0, 0)))
    sums, counts = _sum_blocks(padded), _sum_blocks(np.pad(weights, even))
    pulled = sums / np.maximum(counts, 1e-6)[..., None]
    pushed = _upsample(_fill(pulled, np.minimum(counts, 1)))[:height, :width]
    blended: Floats = weights[..., None] * values + (1 - weights[..., None]) * pushed
    return blended


def _sum_blocks(values: Floats) -> Floats:
    """Sums over blocks of 2 x 2."""
    sums: Floats = values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]
    return sums


def _upsample(values: Floats) -> Floats:
    """Bilinear interpolation to twice the size: 3/4 of the parent and 1/4 of its neighbour, along both axes."""
    for axis in (0, 1):
        padded = np.concatenate([values.take([0], axis), values, values.take([-1], axis)], axis)
        length = values.shape[axis]
        before, after = padded.take(range(length), axis), padded.take(range(2, length + 2), axis)
        pair = np.stack([0.75 * values + 0.25 * before, 0.75 * values + 0.25 * after], axis + 1)
        values = pair.reshape(*values.shape[:axis], 2 * length, *values.shape[axis + 1 :])
    return values


def inpaint(image: Floats, known: Flags) -> Floats:
    """Fill unknown pixels with smooth colours and with the detail of a similar area of the same image.

    Smooth colours without detail would look like a smear. Detail is the image minus its blur; it is copied from the
    image shifted or mirrored in one of a few ways: the one in which most of the unknown pixels are known and that
    differs least in colour.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        known: bool (H, W).

    Returns:
        float32 (H, W, 3) in [0, 1], unchanged where known.
    """
    if known.all() or not known.any():
        return image
    smooth = pull_push(image, known)
    sigma = _DETAIL * min(known.shape)
    colour = gaussian_filter(smooth, (sigma, sigma, 0))
    detail = np.where(known[..., None], image - colour, 0)
    copied = _copy_detail(detail, colour, known)
    return np.where(known[..., None], image, np.clip(colour + copied, 0, 1)).astype(np.float32)


class Shift(NamedTuple):
    """A cyclic shift of an image in pixels, after mirroring it if ``mirrored``."""

    rows: int
    columns: int
    mirrored: bool


def _copy_detail(detail: Floats, colour: Floats, known: Flags) -> Floats:
    """Detail for the unknown pixels: from the best shift, and from the next best where that is unknown, too."""
    missing = ~known
    shifts = sorted(_shifts(known.shape[0], known.shape[1]), key=lambda shift: _misfit(shift, colour, known))
    copied = np.zeros_like(detail)
    for shift in shifts:
        available = _apply(known, shift) & missing
        copied[available] = _apply(detail, shift)[available]
        missing &= ~available
        if not missing.any():
            break
    return copied


def _misfit(shift: Shift, colour: Floats, known: Flags) -> float:
    """Mean difference in colour at the unknown pixels plus the share that is unknown after the shift, too."""
    unknown = ~known
    available = _apply(known, shift)[unknown]
    if not available.any():
        return np.inf
    differences = np.abs(_apply(colour, shift)[unknown][available] - colour[unknown][available]).mean()
    return float(differences) + 1 - float(available.mean())


def _shifts(height: int, width: int) -> list[Shift]:
    """Shifts by a quarter and a half of the frame, and the mirror image."""
    shares = (0, 0.25, -0.25, 0.5)
    shifts = [Shift(round(y * height), round(x * width), False) for y in shares for x in shares if x or y]
    return [*shifts, Shift(0, 0, True), Shift(height // 4, 0, True), Shift(-height // 4, 0, True)]


def _apply(values: NDArray[Any], shift: Shift) -> NDArray[Any]:
    return np.roll(values[:, ::-1] if shift.mirrored else values, (shift.rows, shift.columns), (0, 1))
