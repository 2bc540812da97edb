"""Structural similarity of predicted and true one-hot masks."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.checks import check_label_maps, without_ignored
from robustbench_endo.metrics.image_similarity import similarity_sum
from robustbench_endo.metrics.mask_ssim_gpu import mask_ssim_gpu
from robustbench_endo.metrics.ssim_window import C1, C2, RADIUS, WINDOW

Labels = NDArray[np.uint8]

Map = NDArray[np.float32]

TILE = 64
"""Inner pixels along a side of a tile: with its margin it fits into the cache of a core."""


@njit(cache=True, nogil=True)
def image_similarity(pred: Labels, target: Labels, classes: int) -> NDArray[np.float64]:
    """SSIM of each class, (C,); NaN where neither map has it. Labels of C and above belong to no class."""
    height, width = pred.shape[0] - 2 * RADIUS, pred.shape[1] - 2 * RADIUS
    total, present = np.zeros(classes), np.zeros(classes, np.bool_)
    labels, counts = np.empty((2, (TILE + 2 * RADIUS) ** 2), np.uint8), np.empty((2, 256), np.int64)
    masks, lines = np.empty((3, labels.shape[1]), np.float32), np.empty((TILE, TILE + 2 * RADIUS), np.float32)
    means = np.empty((3, TILE, TILE), np.float32)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(top + TILE, height) + 2 * RADIUS, min(left + TILE, width) + 2 * RADIUS
            rows, columns = bottom - top, right - left
            counts[:] = 0
            _copy(pred[top:bottom, left:right], labels[0], counts[0])
            _copy(target[top:bottom, left:right], labels[1], counts[1])
            for c in range(classes):
                present[c] |= counts[0, c] + counts[1, c] > 0
                total[c] += _tile(labels, c, counts[0, c], counts[1, c], rows, columns, masks, lines, means)
    return np.where(present, total / (height * width), np.nan)


@njit(cache=True, nogil=True)
def _copy(values: Labels, flat: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """The tile as a flat array, and the number of pixels of each label in it."""
    position = 0
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            flat[position] = values[y, x]
            counts[values[y, x]] += 1
            position += 1


@njit(cache=True, nogil=True)
def _tile(
    labels: Labels, c: int, in_pred: int, in_target: int, rows: int, columns: int, masks: Map, lines: Map, means: Map
) -> float:
    """Sum of the SSIM of one class over the inner pixels of a tile."""
    size, height, width = rows * columns, rows - 2 * RADIUS, columns - 2 * RADIUS
    if in_pred in (0, size) and in_target in (0, size):
        # Both masks are constant: equal, or one 0 and the other 1.
        return height * width * (1.0 if in_pred == in_target else C1 / (1 + C1))
    _masks(labels[0, :size], labels[1, :size], np.uint8(c), masks[0], masks[1], masks[2])
    for k in range(3):
        _mean(masks[k, :size].reshape(rows, columns), lines, means[k])
    mx, my, mxy = means[0, :height, :width], means[1, :height, :width], means[2, :height, :width]
    # Masks are 0 or 1, so x^2 = x.
    return similarity_sum(mx, my, mx, my, mxy, C1, C2)


@njit(cache=True, nogil=True)
def _masks(pred: Labels, target: Labels, c: np.uint8, x: Map, y: Map, xy: Map) -> None:
    zero, one = np.float32(0), np.float32(1)
    for i in range(len(pred)):
        p, t = pred[i] == c, target[i] == c
        x[i] = one if p else zero
        y[i] = one if t else zero
        xy[i] = one if p & t else zero


@njit(cache=True, nogil=True)
def _mean(values: Map, lines: Map, result: Map) -> None:
    """Weighted mean over the window around each inner pixel."""
    for y in range(values.shape[0] - 10):
        line, out = lines[y, : values.shape[1]], result[y, : values.shape[1] - 10]
        for x in range(len(line)):
            line[x] = (
                WINDOW[0] * (values[y, x] + values[y + 10, x])
                + WINDOW[1] * (values[y + 1, x] + values[y + 9, x])
                + WINDOW[2] * (values[y + 2, x] + values[y + 8, x])
                + WINDOW[3] * (values[y + 3, x] + values[y + 7, x])
                + WINDOW[4] * (values[y + 4, x] + values[y + 6, x])
                + WINDOW[5] * values[y + 5, x]
            )
        for x in range(len(out)):
            out[x] = (
                WINDOW[0] * (line[x] + line[x + 10])
                + WINDOW[1] * (line[x + 1] + line[x + 9])
                + WINDOW[2] * (line[x + 2] + line[x + 8])
                + WINDOW[3] * (line[x + 3] + line[x + 7])
                + WINDOW[4] * (line[x + 4] + line[x + 6])
                + WINDOW[5] * line[x + 5]
            )


def mask_ssim(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """SSIM (Wang et al., 2004) of the one-hot masks, float64 (B, C); NaN where neither map has the class.

    In [-1, 1], on the device of the maps. Gaussian window 11 x 11 with sigma 1.5, data range 1, averaged over the
    pixels whose window lies in the image (as ``skimage.metrics.structural_similarity`` with these options). Pixels
    whose target is 255 are 0 in every mask.

    Args:
        pred, target: uint8 (B, H, W), each side at least 11.

    Raises:
        RobustEndoError: maps of different shapes or devices, labels out of range, sides under 11.
    """
    check_label_maps(pred, target, num_classes)
    if min(pred.shape[1:]) < 2 * RADIUS + 1:
        raise RobustEndoError(f"Expected masks of at least 11 x 11 pixels for SSIM, got {tuple(pred.shape[1:])}.")
    pred = without_ignored(pred, target)
    if pred.device.type == "cuda":
        return mask_ssim_gpu(pred, target, num_classes)
    pairs = zip(pred.cpu().numpy(), target.cpu().contiguous().numpy(), strict=True)
    return torch.from_numpy(np.stack([image_similarity(p, t, num_classes) for p, t in pairs]))
