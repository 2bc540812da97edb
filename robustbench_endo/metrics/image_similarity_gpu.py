"""Similarity of corrupted and clean images on a GPU (see :mod:`.image_similarity`): by Triton, or in plain torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import without_autocast
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.triton_support import use_triton
from robustbench_endo.metrics.ssim_window import C1, C2, LUMA, RADIUS, WINDOW


class ReferenceOnDevice:
    """Clean frames, float32 (B, 3, H, W), for comparison with many corrupted versions."""

    def __init__(self, images: Tensor) -> None:
        self._images = images
        if not use_triton(images.device):
            self._luma = _luma(images)
            self._mean, self._square = window_means(self._luma), window_means(self._luma * self._luma)

    def compare(self, images: Tensor) -> Tensor:
        """SSIM of the luma, and the mean squared difference over the three channels, float64 (2, B)."""
        if use_triton(images.device):
            from robustbench_endo.metrics import ssim_triton

            return ssim_triton.compare_images(self._images, images)
        luma = _luma(images)
        means = (self._mean, window_means(luma), self._square, window_means(luma * luma))
        ssim = ssim_map(*means, window_means(self._luma * luma)).mean((1, 2), dtype=torch.float64)
        return torch.stack((ssim, (images - self._images).square().mean((1, 2, 3), dtype=torch.float64)))


def _luma(images: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, H, W)."""
    red, green, blue = images.unbind(1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def window_means(maps: Tensor) -> Tensor:
    """float32 (B, H, W) -> (B, H - 10, W - 10)."""
    # Matrix products in float32, where a convolution would be rounded to TensorFloat-32.
    down, across = (device_table(_band, maps.device, side) for side in maps.shape[1:])
    with without_autocast(maps.device):
        return down @ maps @ across.T


def _band(size: int) -> NDArray[np.float32]:
    """The window as a matrix (size - 10, size)."""
    rows = np.zeros((size - 2 * RADIUS, size), np.float32)
    for offset, weight in enumerate(WINDOW):
        rows += weight * np.eye(*rows.shape, offset, dtype=np.float32)
    return rows


def ssim_map(x: Tensor, y: Tensor, xx: Tensor, yy: Tensor, xy: Tensor) -> Tensor:
    """SSIM from window means of x, y, x^2, y^2 and xy."""
    variances, covariance = xx - x * x + yy - y * y, xy - x * y
    return (2 * x * y + C1) * (2 * covariance + C2) / ((x * x + y * y + C1) * (variances + C2))
