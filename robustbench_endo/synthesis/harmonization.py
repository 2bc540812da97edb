"""Harmonization of an instrument with its background: colour, illumination, sharpness and contact shadow."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, laplace

from robustbench_endo.synthesis.utils import Bytes, Flags, Floats, luma, resize

BLURS = (0.0, 0.5, 0.8, 1.2, 1.7)
"""Standard deviations in pixels of the blur that can match an instrument to its background."""

_BRIGHTNESS_MATCH = 0.6
"""Exponent with which the instrument follows the background's mean brightness: 0 not at all, 1 fully."""

_COLOUR_MATCH = 0.25
"""Exponent with which it follows the background's colour: metal is grey, but reflects some of the tissue."""

_COARSE = 8
"""Factor by which the background is reduced to estimate its illumination."""

_SIGMA = 0.08
"""Standard deviation that separates uneven illumination from texture, as a share of the short side."""


def mean_colour(image: Bytes | Floats, area: Flags) -> Floats:
    """float32 (3,): mean over the pixels of ``area`` (over all if there are none), in the range of the image."""
    mean: Floats = (image[area] if area.any() else image.reshape(-1, 3)).mean(axis=0, dtype=np.float64)
    return mean.astype(np.float32)


def colour_gains(tissue: Floats, background: Floats, rng: np.random.Generator) -> Floats:
    """Factors of red, green and blue for an instrument that is moved from ``tissue`` to ``background``.

    Args:
        tissue, background: float32 (3,), mean colours in [0, 1].
        rng: of a random variation by up to 12 % in brightness and 3 % in colour.
    """
    ratio = (background + 0.02) / (tissue + 0.02)
    bright = float(luma(background) + 0.02) / float(luma(tissue) + 0.02)
    matched = bright**_BRIGHTNESS_MATCH * (ratio / bright) ** _COLOUR_MATCH
    varied = matched * rng.uniform(0.88, 1.12) * rng.uniform(0.97, 1.03, 3)
    limited: Floats = np.clip(varied, 0.45, 1.9).astype(np.float32)
    return limited


def illumination(background: Floats, view: Flags) -> Floats:
    """Relative illumination, float32 (H, W) of about 1, estimated from the background's low frequencies.

    Args:
        background: float32 (H, W, 3) in [0, 1].
        view: bool (H, W), the field of view.
    """
    # Frequencies this low need only every eighth pixel.
    coarse = tuple(max(1, side // _COARSE) for side in view.shape)
    sigma = _SIGMA * min(coarse)
    brightness, weights = (
        resize(values, coarse, Image.Resampling.BILINEAR)
        for values in (luma(background) * view, view.astype(np.float32))
    )
    slow = gaussian_filter(brightness, sigma) / np.maximum(gaussian_filter(weights, sigma), 1e-3)
    mean = float((slow * weights).sum() / max(float(weights.sum()), 1e-3))
    relative = np.clip(np.sqrt((slow + 0.02) / (mean + 0.02)), 0.55, 1.4).astype(np.float32)
    shade: Floats = resize(relative, view.shape, Image.Resampling.BILINEAR)
    return shade


def sharpness(brightness: Floats, area: Flags) -> float:
    """Standard deviation of the Laplacian over that of the brightness in an area; 0 for an empty area."""
    if not area.any():
        return 0.0
    return float(laplace(brightness)[area].std() / (brightness[area].std() + 1e-4))


def sharpness_ladder(brightness: Floats, area: Flags) -> tuple[float, ...]:
    """Sharpness after each of :data:`BLURS`."""
    return tuple(sharpness(gaussian_filter(brightness, sigma), area) for sigma in BLURS)


def matching_blur(ladder: tuple[float, ...], background: float) -> float:
    """The weakest of :data:`BLURS` after which the instrument's frame is not sharper than the background.

    Args:
        ladder: of the instrument's frame, see :func:`sharpness_ladder`.
        background: sharpness of the background.

    >>> matching_blur((0.9, 0.6, 0.4, 0.2, 0.1), 0.4)
    0.8
    """
    fitting = [sigma for sigma, value in zip(BLURS, ladder, strict=True) if value <= 1.15 * background]
    return fitting[0] if fitting else BLURS[-1]


def contact_shadow(alpha: Floats, rng: np.random.Generator) -> Floats:
    """float32 (H, W), factors <= 1 for the background: a soft shadow of an instrument with opacity ``alpha``."""
    short = min(alpha.shape)
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.005, 0.025) * short
    shift = (round(reach * np.sin(angle)), round(reach * np.cos(angle)))
    soft = gaussian_filter(alpha, rng.uniform(0.01, 0.03) * short, mode="nearest")
    shadow: Floats = 1 - np.float32(rng.uniform(0.15, 0.45)) * _shift(soft, shift)
    return shadow


def _shift(values: Floats, shift: tuple[int, int]) -> Floats:
    """An image moved by (rows, columns), with its border replicated."""
    reach = max(map(abs, shift), default=0)
    padded = np.pad(values, reach, mode="edge")
    top, left = reach - shift[0], reach - shift[1]
    moved: Floats = padded[top : top + values.shape[0], left : left + values.shape[1]]
    return moved
