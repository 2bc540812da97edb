"""Surface Dice of the visible and of the hidden part of images: of the boundaries that lie inside each part.

A boundary pixel of a part is a pixel of the part that has a 4-neighbour of another class in the same part, or one
beyond the image. The frontier between the parts is no boundary of anything: a prediction that ends there, because its
object is covered, has the boundary of the truth in the visible part and none in the hidden one.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.metrics.checks import without_ignored
from robustbench_endo.metrics.surface_cpu import BLOCK, Floats, Labels, Points, boundary_points, nearest_squares
from robustbench_endo.metrics.surface_gpu import NONE, edges_table

_PART = 256
"""Added to the labels of hidden pixels."""


def part_surface_dice(
    pred: Tensor,
    target: Tensor,
    hidden: Tensor,
    num_classes: int,
    tolerance: float | Tensor = 2.0,
    spacing: tuple[float, float] = (1.0, 1.0),
    first: int = 0,
) -> Tensor:
    """Fraction of the boundary pixels of a part within the tolerance of the other map's boundary in the same part.

    Args:
        pred, target: uint8 (B, H, W), accepted by :func:`.check_label_maps`; pixels whose target is 255 belong to no
            class in either map.
        hidden: bool (B, H, W).
        num_classes: C.
        tolerance: in the unit of the spacing: one for all, or one for each image and class, (B, C).
        spacing: size of a pixel along rows and columns.
        first: classes before it are NaN.

    Returns:
        float64 (2, B, C) in [0, 1], visible and hidden; NaN where neither map has a boundary of the class there.

    >>> labels = torch.zeros(1, 8, 8, dtype=torch.uint8)
    >>> labels[:, 2:6, 2:6] = 1
    >>> hidden = torch.arange(8).expand(1, 8, 8) > 3
    >>> part_surface_dice(labels * ~hidden, labels, hidden, 2)[..., 1].tolist()
    [[1.0], [0.0]]
    """
    limits = torch.as_tensor(tolerance, dtype=torch.float64).cpu().expand(len(pred), num_classes)
    pred = without_ignored(pred, target)
    if pred.device.type != "cpu":
        return _on_device(pred, target, hidden, limits.contiguous(), spacing, first)
    arrays = (pred.numpy(), target.contiguous().numpy(), hidden.contiguous().numpy(), limits.numpy().copy())
    images = [_image(*frame, num_classes, *spacing, first) for frame in zip(*arrays, strict=True)]
    return torch.from_numpy(np.stack(images, axis=1))


def _on_device(
    pred: Tensor, target: Tensor, hidden: Tensor, limits: Tensor, spacing: tuple[float, float], first: int
) -> Tensor:
    if pred.device.type == "cuda":
        (limits,) = upload((limits,), pred.device)
    edges = torch.stack([_part_edges(labels, hidden) for labels in (pred, target)])
    table = edges_table(edges, limits.shape[1], spacing, limits.repeat(2, 1), first)
    return table[3].view(2, *limits.shape)


def _part_edges(labels: Tensor, hidden: Tensor) -> Tensor:
    """Labels of the boundary pixels of the visible parts, then of the hidden ones, uint8 (2 B, H, W); else NONE."""
    codes = labels.short() + hidden.short() * _PART
    boundary = torch.ones_like(hidden)
    centre = codes[:, 1:-1, 1:-1]
    inner = torch.zeros_like(hidden[:, 1:-1, 1:-1])
    for other in (codes[:, :-2, 1:-1], codes[:, 2:, 1:-1], codes[:, 1:-1, :-2], codes[:, 1:-1, 2:]):
        difference = centre ^ other
        inner |= (difference > 0) & (difference < _PART)
    boundary[:, 1:-1, 1:-1] = inner
    parts = (boundary & ~hidden, boundary & hidden)
    return torch.cat([labels.masked_fill(~part, NONE) for part in parts])


@njit(cache=True, nogil=True)
def _image(
    pred: Labels,
    target: Labels,
    hidden: NDArray[np.bool_],
    tolerance: Floats,
    classes: int,
    row: float,
    column: float,
    first: int,
) -> Floats:
    """The surface Dice of one image, (2, C)."""
    scratch = np.empty(pred.shape[0] * (pred.shape[1] + 2 * BLOCK), np.int16)
    p_points, p_start = _part_points(pred, hidden, classes)
    t_points, t_start = _part_points(target, hidden, classes)
    result = np.full((2, classes), np.nan)
    for part in range(2):
        for c in range(first, classes):
            key = part * classes + c
            p, t = p_points[p_start[key] : p_start[key + 1]], t_points[t_start[key] : t_start[key + 1]]
            number = len(p) + len(t)
            if len(p) and len(t):
                forward = np.sqrt(nearest_squares(p, t, row, column, scratch))
                backward = np.sqrt(nearest_squares(t, p, row, column, scratch))
                result[part, c] = ((forward <= tolerance[c]).sum() + (backward <= tolerance[c]).sum()) / number
            elif number:
                result[part, c] = 0
    return result


@njit(cache=True, nogil=True)
def _part_points(labels: Labels, hidden: NDArray[np.bool_], classes: int) -> tuple[Points, NDArray[np.int64]]:
    """Boundary pixels (row, column) sorted by part, class and row, and where each begins (2 C + 1 offsets)."""
    # Whatever bounds a class within its part bounds it in the image, too.
    candidates, of_class = boundary_points(labels, classes)
    points, number = np.empty_like(candidates), 0
    start = np.zeros(2 * classes + 1, np.int64)
    for part in range(2):
        for c in range(classes):
            for i in range(of_class[c], of_class[c + 1]):
                y, x = candidates[i, 0], candidates[i, 1]
                if hidden[y, x] == part and _bounds(labels, hidden, y, x):
                    points[number] = candidates[i]
                    number += 1
            start[part * classes + c + 1] = number
    return points[:number], start


@njit(cache=True, nogil=True)
def _bounds(labels: Labels, hidden: NDArray[np.bool_], y: int, x: int) -> bool:
    """Whether a 4-neighbour is beyond the image, or of another class in the same part."""
    if y == 0 or x == 0 or y == labels.shape[0] - 1 or x == labels.shape[1] - 1:
        return True
    for down, across in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        i, k = y + down, x + across
        if labels[i, k] != labels[y, x] and hidden[i, k] == hidden[y, x]:
            return True
    return False
