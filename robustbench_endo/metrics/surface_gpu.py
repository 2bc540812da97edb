"""Surface distances on a GPU: all images and classes of a batch in parallel.

The same exact two steps as on the CPU: vertical steps to the nearest site of each column, then, for each boundary
pixel, the minimum over the columns around it. Triton runs both where it works, otherwise torch, with the same numbers.
Sums are of integers, so the order of threads does not change them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

import torch
from torch import Tensor

NONE = 255
"""A pixel that is not on the boundary of any class."""
_MEMORY = 1 << 30
"""Maximum bytes of scratch for a part of the batch."""
_PIXEL = {False: 40, True: 6}  # bytes per image, class and pixel: with running extrema of torch; with Triton

Kernels = tuple[Callable[[Tensor, Tensor, Tensor], Tensor], Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]]
"""``steps_to_site`` and ``nearest_squares``."""


@dataclass(frozen=True)
class _Directed:
    """Distances from the points of one map to those of the other, per pair of image and class, float64 (J,) each."""

    number: Tensor
    largest: Tensor
    percentile: Tensor
    total: Tensor
    within: Tensor


def surface_table(
    pred: Tensor, target: Tensor, classes: int, spacing: tuple[float, float], tolerance: Tensor, memory: int = _MEMORY
) -> Tensor:
    """Rows hd, hd95, assd, nsd, missed: float64 (5, B, C) on the device of the maps.

    Args:
        pred, target: uint8 (B, H, W); labels of C and above belong to no class.
        spacing: size of a pixel along rows and columns.
        tolerance: of nsd for each image and class, float64 (B, C).
        memory: bytes of scratch; more images and classes than fit are split into parts of at least one.
    """
    edges = [_edges(labels, classes) for labels in (pred, target)]
    p, t = (torch.stack([(e == c).flatten(1).any(1) for c in range(classes)], 1) for e in edges)
    diagonal = math.hypot(pred.shape[1] * spacing[0], pred.shape[2] * spacing[1])
    table = torch.full((5, *p.shape), torch.nan, dtype=torch.float64, device=pred.device)
    one_sided = torch.tensor((diagonal, diagonal, diagonal, 0.0, 1.0), dtype=torch.float64, device=pred.device)
    table = torch.where(p ^ t, one_sided[:, None, None], table)
    table[4] = (p ^ t).double()
    image, label = (p & t).nonzero().unbind(1)
    part = max(1, memory // (pred[0].numel() * _PIXEL[fused(pred.device)]))
    for i, c in zip(torch.split(image, part), torch.split(label, part), strict=True):
        if len(i):
            forward = _directed(edges[0], edges[1], i, c, spacing, tolerance[i, c])
            backward = _directed(edges[1], edges[0], i, c, spacing, tolerance[i, c])
            table[:4, i, c] = _symmetric(forward, backward)
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


def _symmetric(forward: _Directed, backward: _Directed) -> Tensor:
    """hd, hd95, assd, nsd: (4, J)."""
    number = forward.number + backward.number
    return torch.stack(
        (
            torch.maximum(forward.largest, backward.largest),
            torch.maximum(forward.percentile, backward.percentile),
            (forward.total + backward.total) / number,
            (forward.within + backward.within) / number,
        )
    )


def _directed(
    points: Tensor, sites: Tensor, image: Tensor, label: Tensor, spacing: tuple[float, float], tolerance: Tensor
) -> _Directed:
    """Distances from the boundary pixels in ``points`` to those in ``sites``, for J pairs of image and class.

    ``tolerance`` is that of each pair, (J,).
    """
    height, width = points.shape[1:]
    starts = (points[image] == label[:, None, None]).nonzero()  # sorted by pair
    down, across = _squares(height, spacing[0], points.device), _squares(width, spacing[1], points.device)
    down[height] = torch.inf  # a column without a site
    to_site, nearest = _kernels(points.device)
    with launching(points.device):
        steps = to_site(sites, image, label)
        squares = nearest(steps, starts, down, across)
    diagonal = math.hypot(height * spacing[0], width * spacing[1])
    return _summary(squares.sqrt(), starts[:, 0], len(image), diagonal, tolerance, height * width)


def _kernels(device: torch.device) -> Kernels:
    if not fused(device):
        return steps_to_site, nearest_squares
    from robustbench_endo.metrics import surface_triton

    return surface_triton.steps_to_site, surface_triton.nearest_squares


def _squares(count: int, size: float, device: torch.device) -> Tensor:
    """(k x size)^2 for k = 0 .. count, float64."""
    return (torch.arange(count + 1, dtype=torch.float64, device=device) * size).square()


def _summary(distances: Tensor, pair: Tensor, pairs: int, diagonal: float, tolerance: Tensor, pixels: int) -> _Directed:
    """Largest, percentile, sum and number within the tolerance of each pair; ``pair`` is sorted."""
    ends = torch.searchsorted(pair, torch.arange(pairs + 1, device=pair.device))
    first, number = ends[:-1], ends.diff()
    by_value = distances.argsort()
    ordered = distances[by_value[pair[by_value].argsort(stable=True)]]
    position = (number - 1).double() * 0.95
    low = position.floor().long()
    below, above = ordered[first + low], ordered[first + torch.minimum(low + 1, number - 1)]
    fraction, gap = position - low, above - below
    percentile = torch.where(fraction < 0.5, below + gap * fraction, above - gap * (1 - fraction))
    # Multiples of 2^-bits of the diagonal: the sum over a map cannot overflow, nor depend on the order.
    bits = 62 - math.ceil(math.log2(pixels))
    total = _sums((ordered / diagonal * 2.0**bits).round().long(), ends).double() * (diagonal / 2.0**bits)
    within = _sums((ordered <= tolerance[pair]).long(), ends)
    return _Directed(number.double(), ordered[ends[1:] - 1], percentile, total, within.double())


def _sums(values: Tensor, ends: Tensor) -> Tensor:
    """Sums of integers between neighbouring ``ends``."""
    running = torch.cat((values.new_zeros(1), values.cumsum(0)))
    return running[ends].diff()


def steps_to_site(sites: Tensor, image: Tensor, label: Tensor) -> Tensor:
    """Rows between each pixel and the nearest site of its column, int16 (J, H, W); H where the column has none.

    Args:
        sites: uint8 (B, H, W), labels of boundary pixels.
        image, label: int64 (J,), which image and which class.
    """
    height = sites.shape[1]
    rows = torch.arange(height, dtype=torch.int32, device=sites.device)[:, None]
    marked = sites[image] == label[:, None, None]
    above = rows - torch.where(marked, rows, -height).cummax(1).values
    below = torch.where(marked, rows, 2 * height).flip(1).cummin(1).values.flip(1) - rows
    return torch.minimum(above, below).clamp(max=height).short()


def nearest_squares(steps: Tensor, points: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Squared distance, float64 (N,), from points (N, 3) of (pair, row, column) by tables of squared steps."""
    _, height, width = steps.shape
    field = steps.flatten()
    start, column = (points[:, 0] * height + points[:, 1]) * width, points[:, 2]
    best = down[field[start + column].long()]
    active = torch.arange(len(points), device=points.device)
    for k in range(1, width):
        if k % 8 == 1:  # removing the finished points costs more than a column
            active = active[across[k] < best[active]]
            if not len(active):
                break
        for other in (column[active] - k, column[active] + k):
            inside = (other >= 0) & (other < width)
            square = down[field[start[active] + other.clamp(0, width - 1)].long()] + across[k]
            best[active] = torch.minimum(best[active], torch.where(inside, square, torch.inf))
    return best


@lru_cache(maxsize=16)
def fused(device: torch.device) -> bool:
    """True on a GPU for which Triton compiles and computes correctly; elsewhere torch gives the same numbers."""
    if device.type != "cuda" or find_spec("triton") is None:
        return False
    try:
        from robustbench_endo.metrics import surface_triton

        sites = torch.tensor([[[255], [1], [255], [255]]], dtype=torch.uint8, device=device)
        pair = torch.tensor([0], device=device)
        with launching(device):
            steps = surface_triton.steps_to_site(sites, pair, pair + 1).flatten().tolist()
    except Exception:  # noqa: BLE001 (a compiler can fail in any way, none of them caused by the user)
        return False
    return steps == [1, 0, 1, 2]


def launching(device: torch.device) -> AbstractContextManager[object]:
    """A context in which kernels are launched on ``device``, which may not be the current GPU."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
