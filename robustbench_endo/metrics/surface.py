"""Distances between the boundaries of class regions: exact, defined for every pair of maps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.checks import check_label_maps
from robustbench_endo.metrics.surface_kernels import boundary_points, nearest_distances
from robustbench_endo.types import IGNORE


@dataclass(frozen=True)
class SurfaceDistances:
    """Per image and class, float64 (B, C), in the unit of the spacing (px by default).

    Attributes:
        hd: Hausdorff distance, the larger of the two directed maxima.
        hd95: the larger of the two directed 95th percentiles (linear interpolation).
        assd: mean distance over the boundary pixels of both maps together.
        nsd: share of the boundary pixels of both maps within the tolerance of the other (Nikolov et al., 2018),
            in [0, 1].
        missed: bool (B, C), the class is in exactly one of the two maps.

    Both maps without the class: NaN (left out). One without: hd, hd95 and assd are the image diagonal, nsd is 0.
    """

    hd: Tensor
    hd95: Tensor
    assd: Tensor
    nsd: Tensor
    missed: Tensor


def surface_distances(
    pred: Tensor,
    target: Tensor,
    num_classes: int,
    spacing: tuple[float, float] | None = None,
    tolerance: float = 2.0,
) -> SurfaceDistances:
    """Exact surface distances of two label maps.

    The boundary of a class are its pixels with a 4-neighbour outside it; pixels beyond the image are outside
    (as ``mask & ~scipy.ndimage.binary_erosion(mask)``). Pixels whose target is 255 belong to no class in either map.

    Args:
        pred, target: uint8 (B, H, W).
        num_classes: C.
        spacing: size of a pixel along rows and columns; (1, 1) by default.
        tolerance: of nsd, in the unit of the spacing.

    Raises:
        RobustEndoError: maps that do not fit each other, labels out of range, spacing or tolerance not positive.
    """
    check_label_maps(pred, target, num_classes)
    rows, columns = spacing or (1.0, 1.0)
    if not (0 < rows < math.inf and 0 < columns < math.inf and 0 <= tolerance < math.inf):
        raise RobustEndoError(
            f"Expected a positive spacing and a tolerance of at least 0, found {(rows, columns)} and {tolerance}."
        )
    ignored = target == IGNORE
    maps = torch.where(ignored, target, pred).cpu().numpy(), target.cpu().numpy()
    table = np.stack(
        [_image(p, t, num_classes, (rows, columns), tolerance) for p, t in zip(*maps, strict=True)], axis=1
    )
    hd, hd95, assd, nsd, missed = torch.from_numpy(table)
    return SurfaceDistances(hd, hd95, assd, nsd, missed.bool())


def _image(
    pred: np.ndarray[tuple[int, int], np.dtype[np.uint8]],
    target: np.ndarray[tuple[int, int], np.dtype[np.uint8]],
    num_classes: int,
    spacing: tuple[float, float],
    tolerance: float,
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Rows hd, hd95, assd, nsd, missed; a column a class."""
    diagonal = math.hypot(pred.shape[0] * spacing[0], pred.shape[1] * spacing[1])
    p_points, p_start = boundary_points(pred, num_classes)
    t_points, t_start = boundary_points(target, num_classes)
    result = np.full((5, num_classes), np.nan)
    result[4] = 0
    for c in range(num_classes):
        p = p_points[p_start[c] : p_start[c + 1]]
        t = t_points[t_start[c] : t_start[c + 1]]
        if len(p) and len(t):
            there, back = nearest_distances(p, t, *spacing), nearest_distances(t, p, *spacing)
            both = np.concatenate((there, back))
            result[:4, c] = (
                both.max(),
                max(np.percentile(there, 95), np.percentile(back, 95)),
                both.mean(),
                (both <= tolerance).mean(),
            )
        elif len(p) or len(t):
            result[:, c] = (diagonal, diagonal, diagonal, 0.0, 1.0)
    return result
