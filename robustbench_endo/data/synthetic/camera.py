"""From light to an 8-bit frame: lens blur, vignette, content circle, white balance, grain, sharpening."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from robustbench_endo.data.synthetic.patient import Scope
from robustbench_endo.data.synthetic.raster import Field, Mask, coverage, kernel

_SHOULDER = 0.72
_LENS_BLUR = 0.0045  # standard deviation, in units of the short side


@kernel
def _shoulder(value: float) -> float:
    """Highlights roll off towards 1 above ``_SHOULDER`` and never clip hard."""
    over = value - _SHOULDER
    if over <= 0.0:
        return max(value, 0.0)
    room = 1.0 - _SHOULDER
    return _SHOULDER + room * over / (over + room)


@kernel
def _develop(rgb: Field, soft: Field, grain: NDArray[np.float32], mask: Mask, scope: Scope, frame: Mask) -> None:
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    for i in range(rows):
        for j in range(columns):
            x, y = (j + 0.5 - 0.5 * columns) * unit - scope.x, (i + 0.5 - 0.5 * rows) * unit - scope.y
            distance2 = x * x + y * y
            inside = coverage(np.sqrt(distance2) - scope.radius, 1.5 * unit)
            if inside < 0.5:
                mask[i, j] = 0
            dim = inside / (1.0 + scope.vignette * distance2 * (1.0 + distance2))
            for c in range(3):
                value = rgb[i, j, c] + scope.detail * (rgb[i, j, c] - soft[i, j, c])
                level = _shoulder(value * dim * scope.cast[c])
                # Shot noise grows with the root of the light; the read-out adds a floor even in the black.
                noise = grain[0, i, j] + (0.5 * (c - 1.0)) * grain[1, i, j]
                level += scope.grain * (0.25 + np.sqrt(level)) * noise
                frame[c, i, j] = np.uint8(min(max(255.0 * level + 0.5, 0.0), 255.0))


def photograph(rgb: Field, mask: Mask, scope: Scope, rng: np.random.Generator) -> Mask:
    """The uint8 frame (3, H, W) of a lit scene ``rgb`` (H, W, 3); ``mask`` (H, W) is emptied outside the circle."""
    rows, columns = mask.shape
    sigma = _LENS_BLUR * min(rows, columns)
    soft = gaussian_filter(rgb, (sigma, sigma, 0.0), mode="nearest", truncate=2.0)
    grain = rng.standard_normal((2, rows, columns), dtype=np.float32)
    frame = np.empty((3, rows, columns), dtype=np.uint8)
    _develop(rgb, soft, grain, mask, scope, frame)
    return frame
