"""Structural similarity of predicted and true one-hot masks."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.checks import check_label_maps
from robustbench_endo.metrics.ssim_kernels import C1, C2, RADIUS, WINDOW, similarity_sum, window_mean
from robustbench_endo.types import IGNORE

Labels = NDArray[np.uint8]


def mask_ssim(pred: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """SSIM (Wang et al., 2004) of the one-hot masks, float64 (B, C) in [-1, 1]; NaN where neither map has the class.

    Gaussian window 11 x 11 with sigma 1.5, data range 1, averaged over the pixels whose window lies in the image
    (as ``skimage.metrics.structural_similarity`` with these options). Pixels whose target is 255 are 0 in every mask.

    Args:
        pred, target: uint8 (B, H, W), each side at least 11.

    Raises:
        RobustEndoError: maps that do not fit each other, labels out of range, sides under 11.
    """
    check_label_maps(pred, target, num_classes)
    if min(pred.shape[1:]) < 2 * RADIUS + 1:
        raise RobustEndoError(f"Expected masks of at least 11 x 11 pixels for SSIM, found {tuple(pred.shape[1:])}.")
    ignored = target == IGNORE
    maps = torch.where(ignored, target, pred).cpu().numpy(), target.cpu().numpy()
    rows = [_image(p, t, num_classes) for p, t in zip(*maps, strict=True)]
    return torch.from_numpy(np.stack(rows))


def _image(pred: Labels, target: Labels, num_classes: int) -> NDArray[np.float64]:
    inner = (pred.shape[0] - 2 * RADIUS) * (pred.shape[1] - 2 * RADIUS)
    result = np.full(num_classes, np.nan)
    for c, (present, top, bottom, left, right) in enumerate(_windows(pred, target, num_classes)):
        if present:
            p, t = (np.equal(m[top:bottom, left:right], c).astype(np.float32) for m in (pred, target))
            ux, uy, uxy = (window_mean(values, WINDOW) for values in (p, t, p * t))
            # Masks are 0 or 1, so x^2 = x; outside the crop both are constant and equal, where SSIM is 1.
            result[c] = (similarity_sum(ux, uy, ux, uy, uxy, C1, C2) + inner - ux.size) / inner
    return result


@njit(cache=True, nogil=True)
def _windows(pred: Labels, target: Labels, classes: int) -> NDArray[np.int64]:
    """For each class: is it present, and the smallest crop (top, bottom, left, right) beyond which SSIM is 1.

    Beyond the box around a class both masks are 0; beyond the box around its complement both are 1.
    """
    height, width = pred.shape
    boxes = np.empty((2, classes, 4), np.int64)
    boxes[:, :, 0], boxes[:, :, 1], boxes[:, :, 2], boxes[:, :, 3] = height, -1, width, -1
    # The complement of one class is the union of the others; only the most common one gains by it.
    common = target[0, 0] if target[0, 0] < classes else 0
    for y in range(height):
        for x in range(width):
            p, t = pred[y, x], target[y, x]
            if p < classes:
                _stretch(boxes[0, p], y, x)
            if t < classes:
                _stretch(boxes[0, t], y, x)
            if p != common or t != common:
                _stretch(boxes[1, common], y, x)
    result = np.zeros((classes, 5), np.int64)
    for c in range(classes):
        result[c, 0] = boxes[0, c, 1] >= 0
        box = boxes[0, c]
        if c == common and boxes[1, c, 1] >= 0 and _area(boxes[1, c]) < _area(box):
            box = boxes[1, c]
        # Every window that touches the box, at least one: the crop keeps 11 pixels a side.
        result[c, 1] = max(0, min(box[0] - 10, height - 11))
        result[c, 2] = min(height, max(box[1] + 11, 11))
        result[c, 3] = max(0, min(box[2] - 10, width - 11))
        result[c, 4] = min(width, max(box[3] + 11, 11))
    return result


@njit(cache=True, nogil=True, inline="always")
def _stretch(box: NDArray[np.int64], y: int, x: int) -> None:
    box[0], box[1] = min(box[0], y), max(box[1], y)
    box[2], box[3] = min(box[2], x), max(box[3], x)


@njit(cache=True, nogil=True)
def _area(box: NDArray[np.int64]) -> int:
    area: int = (box[1] - box[0] + 1) * (box[3] - box[2] + 1)
    return area
