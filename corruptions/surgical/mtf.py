"""MTF50: the spatial frequency at which a blur leaves half of the contrast, the physical unit of sharpness."""

from __future__ import annotations

import math

_HALF = math.sqrt(math.log(2.0) / 2.0) / math.pi
_DISK = 2.2150894 / (2.0 * math.pi)  # argument at which 2 J1(x) / x is 1 / 2


def gaussian_mtf50(sigma: float) -> float:
    """MTF50 of a Gaussian blur, from exp(-2 (pi sigma f)^2) = 1 / 2.

    Args:
        sigma: standard deviation, in pixels.

    Returns:
        Cycles per pixel, infinite without blur; times the height of the frame, in pixels: line pairs per image height.

    >>> round(gaussian_mtf50(1.2), 3)
    0.156
    """
    return _HALF / sigma if sigma > 0 else math.inf


def disk_mtf50(radius: float) -> float:
    """MTF50 of defocus by a disk, from 2 J1(2 pi r f) / (2 pi r f) = 1 / 2 (Goodman, Introduction to Fourier Optics).

    Args:
        radius: of the circle of confusion, in pixels.

    Returns:
        Cycles per pixel, infinite without blur.

    >>> round(disk_mtf50(2.0), 3)
    0.176
    """
    return _DISK / radius if radius > 0 else math.inf


def sharpened_mtf50(gain: float, radius: float, before: float) -> float:
    """MTF50 of a camera with a Gaussian MTF after unsharp masking, which multiplies it by 1 + gain (1 - Gaussian).

    Args:
        gain: factor of the detail that is added.
        radius: standard deviation of the Gaussian that separates the detail, in pixels.
        before: MTF50 of the camera without enhancement, in cycles per pixel.

    Returns:
        Cycles per pixel.

    >>> round(sharpened_mtf50(1.0, 0.7, before=0.2), 3)
    0.248
    """
    camera, mask = _HALF / before, radius

    def contrast(frequency: float) -> float:
        wave = -2.0 * (math.pi * frequency) ** 2
        return math.exp(wave * camera**2) * (1.0 + gain * (1.0 - math.exp(wave * mask**2)))

    low, high = before, 2.0 * before
    while contrast(high) > 0.5:
        high *= 2.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if contrast(middle) > 0.5 else (low, middle)
    return low
