"""Surface distances on a device other than the CPU: all images and classes of a batch side by side.

The same exact two steps as on the CPU: vertical steps to the nearest site of each column, then, for each boundary
pixel, the best of the columns around it. Sums are taken in whole numbers, so no order of threads changes them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor

from robustbench_endo.metrics import surface_torch
from robustbench_endo.metrics.fused import fused, launching

NONE = 255
"""A pixel that is no boundary of any class."""
_MEMORY = 1 << 30
"""Bytes at most for what a part of the batch needs beside the maps themselves."""
_PIXEL = {False: 40, True: 6}  # bytes an image, class and pixel: with running extrema of torch; with Triton


@dataclass(frozen=True)
class _Directed:
    """What is known of one direction, float64 (J,) each: points of a class that look for the nearest of the other."""

    number: Tensor
    largest: Tensor
    percentile: Tensor
    total: Tensor
    within: Tensor


def surface_table(
    pred: Tensor, target: Tensor, classes: int, spacing: tuple[float, float], tolerance: float, memory: int = _MEMORY
) -> Tensor:
    """Rows hd, hd95, assd, nsd, missed: float64 (5, B, C) on the device of the maps.

    Args:
        pred, target: uint8 (B, H, W); labels of C and above belong to no class.
        spacing: size of a pixel along rows and columns.
        tolerance: of nsd.
        memory: bytes of scratch; more images and classes than fit are done in parts, at least one at a time.
    """
    edges = [_edges(labels, classes) for labels in (pred, target)]
    p, t = (torch.stack([(e == c).flatten(1).any(1) for c in range(classes)], 1) for e in edges)
    diagonal = math.hypot(pred.shape[1] * spacing[0], pred.shape[2] * spacing[1])
    table = torch.full((5, *p.shape), torch.nan, dtype=torch.float64, device=pred.device)
    alone = torch.tensor((diagonal, diagonal, diagonal, 0.0, 1.0), dtype=torch.float64, device=pred.device)
    table = torch.where(p ^ t, alone[:, None, None], table)
    table[4] = (p ^ t).double()
    image, label = (p & t).nonzero().unbind(1)
    part = max(1, memory // (pred[0].numel() * _PIXEL[fused(pred.device)]))
    for i, c in zip(torch.split(image, part), torch.split(label, part), strict=True):
        if len(i):
            there = _directed(edges[0], edges[1], i, c, spacing, tolerance)
            back = _directed(edges[1], edges[0], i, c, spacing, tolerance)
            table[:4, i, c] = _symmetric(there, back)
    return table


def _edges(labels: Tensor, classes: int) -> Tensor:
    """The labels of boundary pixels, 255 elsewhere."""
    inside = torch.zeros_like(labels, dtype=torch.bool)
    centre = labels[:, 1:-1, 1:-1]
    around = labels[:, :-2, 1:-1], labels[:, 2:, 1:-1], labels[:, 1:-1, :-2], labels[:, 1:-1, 2:]
    inside[:, 1:-1, 1:-1] = (
        (centre == around[0]) & (centre == around[1]) & (centre == around[2]) & (centre == around[3])
    )
    return torch.where(inside | (labels >= classes), NONE, labels)


def _symmetric(there: _Directed, back: _Directed) -> Tensor:
    """hd, hd95, assd, nsd: (4, J)."""
    number = there.number + back.number
    return torch.stack(
        (
            torch.maximum(there.largest, back.largest),
            torch.maximum(there.percentile, back.percentile),
            (there.total + back.total) / number,
            (there.within + back.within) / number,
        )
    )


def _directed(
    points: Tensor, sites: Tensor, image: Tensor, label: Tensor, spacing: tuple[float, float], tolerance: float
) -> _Directed:
    """Distances from the boundary pixels in ``points`` to those in ``sites``, for J pairs of image and class."""
    height, width = points.shape[1:]
    here = (points[image] == label[:, None, None]).nonzero()  # sorted by pair
    down, across = _squares(height, spacing[0], points.device), _squares(width, spacing[1], points.device)
    down[height] = torch.inf  # a column without a site
    kernels = _kernels(points.device)
    with launching(points.device):
        steps = kernels.steps_to_site(sites, image, label)
        squares = kernels.nearest_squares(steps, here, down, across)
    diagonal = math.hypot(height * spacing[0], width * spacing[1])
    return _summary(squares.sqrt(), here[:, 0], len(image), diagonal, tolerance, height * width)


def _kernels(device: torch.device) -> ModuleType:
    if not fused(device):
        return surface_torch
    from robustbench_endo.metrics import surface_triton

    return surface_triton


def _squares(count: int, size: float, device: torch.device) -> Tensor:
    """(k x size)^2 for k = 0 .. count, float64."""
    return (torch.arange(count + 1, dtype=torch.float64, device=device) * size).square()


def _summary(distances: Tensor, pair: Tensor, pairs: int, diagonal: float, tolerance: float, pixels: int) -> _Directed:
    """Largest, percentile, sum and number within the tolerance of each pair; ``pair`` is sorted."""
    ends = torch.searchsorted(pair, torch.arange(pairs + 1, device=pair.device))
    first, number = ends[:-1], ends.diff()
    by_value = distances.argsort()
    ordered = distances[by_value[pair[by_value].argsort(stable=True)]]
    place = (number - 1).double() * 0.95
    low = place.floor().long()
    below, above = ordered[first + low], ordered[first + torch.minimum(low + 1, number - 1)]
    share, gap = place - low, above - below
    percentile = torch.where(share < 0.5, below + gap * share, above - gap * (1 - share))
    # Whole numbers of 2^-bits of the diagonal: the sum over a map cannot overflow, nor depend on the order.
    bits = 62 - math.ceil(math.log2(pixels))
    total = _sums((ordered / diagonal * 2.0**bits).round().long(), ends).double() * (diagonal / 2.0**bits)
    within = _sums((ordered <= tolerance).long(), ends)
    return _Directed(number.double(), ordered[ends[1:] - 1], percentile, total, within.double())


def _sums(values: Tensor, ends: Tensor) -> Tensor:
    """Sums of whole numbers between neighbouring ``ends``."""
    running = torch.cat((values.new_zeros(1), values.cumsum(0)))
    return running[ends].diff()
