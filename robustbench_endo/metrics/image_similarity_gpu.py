"""Similarity of corrupted and clean images in plain torch, for images on a GPU (see :mod:`.image_similarity`)."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.metrics.ssim_window import C1, C2, LUMA, RADIUS, WINDOW


class ReferenceOnDevice:
    """Clean frames, float32 (B, 3, H, W), prepared for comparison with many corrupted versions."""

    def __init__(self, images: Tensor) -> None:
        self._images = images
        self._luma = luma(images)
        self._mean, self._square = window_means(self._luma), window_means(self._luma * self._luma)

    def ssim(self, images: Tensor) -> Tensor:
        """Structural similarity of the luma, float64 (B,)."""
        values = luma(images)
        means = (self._mean, window_means(values), self._square, window_means(values * values))
        return ssim_map(*means, window_means(self._luma * values)).mean((1, 2), dtype=torch.float64)

    def squared_error(self, images: Tensor) -> Tensor:
        """Mean squared difference over the three channels, float64 (B,)."""
        return (images - self._images).square().mean((1, 2, 3), dtype=torch.float64)


def luma(images: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, H, W)."""
    red, green, blue = images.unbind(1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def window_means(maps: Tensor) -> Tensor:
    """(B, H, W) -> (B, H - 10, W - 10)."""
    down, across = (band(side, maps.device) for side in maps.shape[1:])
    return down @ maps @ across.T


def band(size: int, device: torch.device) -> Tensor:
    """The window as a matrix (size - 10, size)."""
    # Matrix products in float32, where a convolution would be rounded to TensorFloat-32.
    rows = torch.zeros(size - 2 * RADIUS, size, device=device)
    for offset, weight in enumerate(WINDOW.tolist()):
        rows.diagonal(offset).fill_(weight)
    return rows


def ssim_map(x: Tensor, y: Tensor, xx: Tensor, yy: Tensor, xy: Tensor) -> Tensor:
    """SSIM from window means of x, y, x^2, y^2 and xy."""
    variances, covariance = xx - x * x + yy - y * y, xy - x * y
    return (2 * x * y + C1) * (2 * covariance + C2) / ((x * x + y * y + C1) * (variances + C2))
