"""Distances between the boundaries of class regions: exact, defined for every pair of maps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics.checks import check_label_maps, without_ignored
from robustbench_endo.metrics.surface_cpu import FAR, image_distances
from robustbench_endo.metrics.surface_gpu import surface_table


@dataclass(frozen=True)
class SurfaceDistances:
    """Per image and class, float64 (B, C) on the device of the maps, in the unit of the spacing (px by default).

    Attributes:
        hd: Hausdorff distance, the larger of the two directed maxima.
        hd95: the larger of the two directed 95th percentiles (linear interpolation).
        assd: mean distance over the boundary pixels of both maps together.
        nsd: fraction of the boundary pixels of both maps within the tolerance of the other (Nikolov et al., 2018),
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
    tolerance: float | Tensor = 2.0,
) -> SurfaceDistances:
    """Exact surface distances of two label maps.

    The boundary of a class is those of its pixels that have a 4-neighbour outside it; pixels beyond the image are
    outside (as ``mask & ~scipy.ndimage.binary_erosion(mask)``). Pixels whose target is 255 belong to no class in
    either map.

    Args:
        pred, target: uint8 (B, H, W), compared on their device with the same numbers. Scratch: 2 bytes per pixel on the
            CPU, at most 1 GiB on a GPU.
        num_classes: C, at most 255.
        spacing: size of a pixel along rows and columns; (1, 1) by default.
        tolerance: of nsd, in the unit of the spacing: one for all, or one for each image and class, (B, C).

    Raises:
        RobustEndoError: maps of different shapes or devices, labels out of range, spacing or tolerance not positive,
            a diagonal of 16,383 px or more.
    """
    check_label_maps(pred, target, num_classes)
    return surface_distances_of_checked(pred, target, num_classes, spacing, tolerance)


def surface_distances_of_checked(
    pred: Tensor,
    target: Tensor,
    num_classes: int,
    spacing: tuple[float, float] | None = None,
    tolerance: float | Tensor = 2.0,
    first: int = 0,
) -> SurfaceDistances:
    """:func:`surface_distances` of maps that :func:`.check_label_maps` accepts.

    Classes before ``first`` are NaN, and not missed.
    """
    rows, columns = (float(size) for size in spacing or (1, 1))
    limits = torch.as_tensor(tolerance, dtype=torch.float64).cpu().expand(len(pred), num_classes)
    if not (0 < rows < math.inf and 0 < columns < math.inf and bool(((limits >= 0) & limits.isfinite()).all())):
        raise RobustEndoError(
            f"Expected a positive spacing and a tolerance of at least 0, got {(rows, columns)} and {tolerance}."
        )
    if math.hypot(*pred.shape[1:]) >= FAR:
        raise RobustEndoError(
            f"Expected maps with a diagonal under {FAR} px, got {tuple(pred.shape[1:])}: evaluate at a lower "
            "resolution."
        )
    device, pred = pred.device, without_ignored(pred, target)
    if device.type == "cuda":
        (on_device,) = upload((limits.contiguous(),), device)
        table = surface_table(pred, target, num_classes, (rows, columns), on_device, first)
    else:
        pairs = zip(pred.cpu().numpy(), target.cpu().contiguous().numpy(), limits.numpy().copy(), strict=True)
        images = [image_distances(p, t, num_classes, rows, columns, limit, first) for p, t, limit in pairs]
        table = torch.from_numpy(np.stack(images, axis=1))
    hd, hd95, assd, nsd, missed = table
    return SurfaceDistances(hd, hd95, assd, nsd, missed.bool())
