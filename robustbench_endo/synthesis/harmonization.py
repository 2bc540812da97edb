"""Making an instrument look as if the same lamp and the same lens had taken it."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, laplace

from robustbench_endo.synthesis.utils import Bytes, Flags, Floats, luma

BLURS = (0.0, 0.5, 0.8, 1.2, 1.7)
"""Standard deviations in pixels that an instrument may be blurred by to match its background."""

_FOLLOW = 0.6
"""How far the instrument follows the background's mean brightness: 0 not at all, 1 fully."""

_TINT = 0.25
"""How far it follows the background's colour: metal is grey under any tissue, but reflects some of it."""

_COARSE = 8
_LAMP = 0.08
"""Width of what counts as uneven light rather than texture, as a share of the short side."""


def mean_colour(image: Bytes | Floats, where: Flags) -> Floats:
    """float32 (3,): mean over the pixels of ``where`` (over all if there are none), in the range of the image."""
    mean: Floats = (image[where] if where.any() else image.reshape(-1, 3)).mean(axis=0, dtype=np.float64)
    return mean.astype(np.float32)


def gains(tissue: Floats, background: Floats, rng: np.random.Generator) -> Floats:
    """Factors of red, green and blue for an instrument taken from beside ``tissue`` and laid on ``background``.

    Args:
        tissue, background: float32 (3,), mean colours in [0, 1].
    """
    ratio = (background + 0.02) / (tissue + 0.02)
    bright = float(luma(background) + 0.02) / float(luma(tissue) + 0.02)
    matched = bright**_FOLLOW * (ratio / bright) ** _TINT
    varied = matched * rng.uniform(0.88, 1.12) * rng.uniform(0.97, 1.03, 3)
    limited: Floats = np.clip(varied, 0.45, 1.9).astype(np.float32)
    return limited


def shading(background: Floats, view: Flags) -> Floats:
    """float32 (H, W), about 1: how much light falls where, told from the background's slow changes."""
    # What changes this slowly needs no more than every eighth pixel.
    coarse = tuple(max(1, side // _COARSE) for side in view.shape)
    sigma = _LAMP * min(coarse)
    bright, seen = (_scaled(values, coarse) for values in (luma(background) * view, view.astype(np.float32)))
    slow = gaussian_filter(bright, sigma) / np.maximum(gaussian_filter(seen, sigma), 1e-3)
    mean = float((slow * seen).sum() / max(float(seen.sum()), 1e-3))
    return _scaled(np.clip(np.sqrt((slow + 0.02) / (mean + 0.02)), 0.55, 1.4).astype(np.float32), view.shape)


def _scaled(values: Floats, size: tuple[int, ...]) -> Floats:
    return np.asarray(Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BILINEAR))


def sharpness(brightness: Floats, where: Flags) -> float:
    """Root mean square of the Laplacian, relative to the contrast of the region: high for a crisp picture."""
    if not where.any():
        return 0.0
    return float(laplace(brightness)[where].std() / (brightness[where].std() + 1e-4))


def sharpness_ladder(brightness: Floats, where: Flags) -> tuple[float, ...]:
    """Sharpness after each of :data:`BLURS`."""
    return tuple(sharpness(gaussian_filter(brightness, sigma), where) for sigma in BLURS)


def matching_blur(ladder: tuple[float, ...], background: float) -> float:
    """The weakest of :data:`BLURS` that makes the instrument's frame no crisper than the background."""
    fitting = [sigma for sigma, crisp in zip(BLURS, ladder, strict=True) if crisp <= 1.15 * background]
    return fitting[0] if fitting else BLURS[-1]


def contact_shadow(alpha: Floats, rng: np.random.Generator) -> Floats:
    """float32 (H, W), factors <= 1 for the background: a soft shadow beside the instrument."""
    short = min(alpha.shape)
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.005, 0.025) * short
    shift = (round(reach * np.sin(angle)), round(reach * np.cos(angle)))
    soft = gaussian_filter(alpha, rng.uniform(0.01, 0.03) * short, mode="nearest")
    shade: Floats = 1 - np.float32(rng.uniform(0.15, 0.45)) * _shifted(soft, shift)
    return shade


def _shifted(values: Floats, shift: tuple[int, int]) -> Floats:
    """The picture moved, its border continued."""
    reach = max(map(abs, shift), default=0)
    padded = np.pad(values, reach, mode="edge")
    top, left = reach - shift[0], reach - shift[1]
    moved: Floats = padded[top : top + values.shape[0], left : left + values.shape[1]]
    return moved
