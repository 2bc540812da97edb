"""Camera model: lens blur, vignette, content circle, white balance, sensor noise, sharpening, 8-bit frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from robustbench_endo.data.synthetic.patient import Scope
from robustbench_endo.data.synthetic.raster import Field, Mask, coverage, pixel_centre, strict_njit

_SHOULDER = 0.72
_LENS_BLUR = 0.0045  # standard deviation, in units of the short side


@strict_njit
def _tone_curve(value: float) -> float:
    """Highlights above ``_SHOULDER`` approach 1 smoothly instead of clipping."""
    over = value - _SHOULDER
    if over <= 0.0:
        return max(value, 0.0)
    headroom = 1.0 - _SHOULDER
    return _SHOULDER + headroom * over / (over + headroom)


@strict_njit
def _develop(rgb: Field, soft: Field, grain: NDArray[np.float32], mask: Mask, scope: Scope, frame: Mask) -> None:
    rows, columns = mask.shape
    unit = 1.0 / min(rows, columns)
    for i in range(rows):
        for j in range(columns):
            x, y = pixel_centre(j, columns, unit) - scope.x, pixel_centre(i, rows, unit) - scope.y
            distance2 = x * x + y * y
            inside = coverage(np.sqrt(distance2) - scope.radius, 1.5 * unit)
            if inside < 0.5:
                mask[i, j] = 0
            dim = inside / (1.0 + scope.vignette * distance2 * (1.0 + distance2))
            for c in range(3):
                value = rgb[i, j, c] + scope.detail * (rgb[i, j, c] - soft[i, j, c])
                level = _tone_curve(value * dim * scope.cast[c])
                # Shot noise grows with the square root of the light; read-out noise is also present in black.
                noise = grain[0, i, j] + (0.5 * (c - 1.0)) * grain[1, i, j]
                level += scope.grain * (0.25 + np.sqrt(level)) * noise
                frame[c, i, j] = np.uint8(min(max(255.0 * level + 0.5, 0.0), 255.0))


def apply_camera(rgb: Field, mask: Mask, scope: Scope, rng: np.random.Generator) -> Mask:
    """The frame that the camera records.

    Args:
        rgb: lit scene, float64 (H, W, 3).
        mask: labels uint8 (H, W); set to background outside the content circle, in place.
        scope: optics and camera.
        rng: of the sensor noise.

    Returns:
        uint8 (3, H, W).
    """
    rows, columns = mask.shape
    sigma = _LENS_BLUR * min(rows, columns)
    soft = gaussian_filter(rgb, (sigma, sigma, 0.0), mode="nearest", truncate=2.0)
    grain = rng.standard_normal((2, rows, columns), dtype=np.float32)
    frame = np.empty((3, rows, columns), dtype=np.uint8)
    _develop(rgb, soft, grain, mask, scope, frame)
    return frame
