"""Similarity of corrupted and clean images: SSIM and PSNR, the distortion of a condition."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.image_similarity_gpu import ReferenceOnDevice
from robustbench_endo.metrics.ssim_window import C1, C2, RADIUS, WINDOW

Map = NDArray[np.float32]


@njit(cache=True, nogil=True)
def window_mean(values: Map, window: Map) -> Map:
    """Weighted mean over the window around each inner pixel: (h, w) -> (h - 10, w - 10)."""
    height, width = values.shape
    inner_height, inner_width = height - 10, width - 10
    line = np.empty(width, np.float32)
    result = np.zeros((inner_height, inner_width), np.float32)
    for y in range(inner_height):
        for x in range(width):
            line[x] = window[0] * values[y, x]
        for k in range(1, 11):
            weight = window[k]
            for x in range(width):
                line[x] += weight * values[y + k, x]
        out = result[y]
        for k in range(11):
            weight = window[k]
            for x in range(inner_width):
                out[x] += weight * line[x + k]
    return result


@njit(cache=True, nogil=True)
def similarity_sum(mx: Map, my: Map, mxx: Map, myy: Map, mxy: Map, c1: float, c2: float) -> float:
    """Sum over pixels of SSIM from window means of x, y, x^2, y^2 and xy."""
    columns = np.zeros(mx.shape[1])  # one sum per column: the inner loop is then vectorised
    for i in range(mx.shape[0]):
        for j in range(len(columns)):
            x, y = np.float64(mx[i, j]), np.float64(my[i, j])
            variances = mxx[i, j] - x * x + myy[i, j] - y * y
            covariance = mxy[i, j] - x * y
            columns[j] += (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
    return float(columns.sum())


class CleanReference:
    """Clean frames prepared for comparison with many corrupted versions, on their device.

    Args:
        images: float32 (B, 3, H, W) in [0, 1], each side at least 11.

    Raises:
        RobustEndoError: another shape.
    """

    def __init__(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < 2 * RADIUS + 1:
            raise RobustEndoError(f"Expected images (B, 3, H, W) of at least 11 x 11, got {tuple(images.shape)}.")
        self._images = images
        if images.device.type != "cpu":
            self._on_device = ReferenceOnDevice(images)
            return
        self._luma = _luma(images)
        self._mean, self._square = _window_means(self._luma), _window_means(self._luma * self._luma)

    def ssim(self, images: Tensor) -> Tensor:
        """Structural similarity of the luma (Rec. 601), float64 (B,) on the CPU, 1 = equal (Wang et al., 2004)."""
        if images.device.type != "cpu":
            return self.compare(images)[0].cpu()
        # Frame by frame: the maps of a batch would need more memory than anything else in an evaluation.
        clean = zip(self._luma.numpy(), self._mean.numpy(), self._square.numpy(), strict=True)
        sums = [_similarity(image, *maps) for image, maps in zip(images.contiguous().numpy(), clean, strict=True)]
        return torch.tensor(sums, dtype=torch.float64) / self._mean[0].numel()

    def psnr(self, images: Tensor) -> Tensor:
        """Peak signal-to-noise ratio over the three channels, dB, float64 (B,) on the CPU; inf for equal images."""
        if images.device.type != "cpu":
            return self.compare(images)[1].cpu()
        pairs = zip(images.contiguous().numpy(), self._images.contiguous().numpy(), strict=True)
        error = torch.tensor([_squared_error(a, b) for a, b in pairs], dtype=torch.float64) / images[0].numel()
        return -10.0 * error.log10()

    def compare(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`ssim` and :meth:`psnr` on the device of the images; on a GPU in one pass, without waiting for it."""
        if images.device.type == "cpu":
            return self.ssim(images), self.psnr(images)
        ssim, error = self._on_device.compare(images)
        return ssim, -10.0 * error.log10()


def _luma(images: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, H, W)."""
    return torch.from_numpy(np.stack([_weighted(image) for image in images.contiguous().numpy()]))


def _similarity(image: Map, luma: Map, mean: Map, square: Map) -> float:
    """Sum of SSIM over the inner pixels of an image (3, H, W) and a clean one whose window means are given."""
    weighted = _weighted(image)
    means = window_mean(weighted, WINDOW), window_mean(weighted * weighted, WINDOW)
    return similarity_sum(mean, means[0], square, means[1], window_mean(luma * weighted, WINDOW), C1, C2)


def _window_means(maps: Tensor) -> Tensor:
    """(B, H, W) -> (B, H - 10, W - 10)."""
    return torch.from_numpy(np.stack([window_mean(values, WINDOW) for values in maps.numpy()]))


@njit(cache=True, nogil=True)
def _weighted(image: Map) -> Map:
    red, green, blue = np.float32(0.299), np.float32(0.587), np.float32(0.114)
    result = np.empty(image.shape[1:], np.float32)
    for y in range(image.shape[1]):
        for x in range(image.shape[2]):
            result[y, x] = red * image[0, y, x] + green * image[1, y, x] + blue * image[2, y, x]
    return result


@njit(cache=True, nogil=True)
def _squared_error(first: Map, second: Map) -> float:
    columns = np.zeros(first.shape[2], np.float64)  # one sum per column: the inner loop is then vectorised
    for c in range(first.shape[0]):
        for y in range(first.shape[1]):
            left, right = first[c, y], second[c, y]
            for x in range(len(columns)):
                difference = left[x] - right[x]
                columns[x] += difference * difference
    return float(columns.sum())
