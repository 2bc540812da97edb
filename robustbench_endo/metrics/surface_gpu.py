"""Surface distances on a GPU: all images and classes of a batch in parallel, both directions at once.

The same exact two steps as on the CPU: vertical steps to the nearest site of each column, then, for each boundary
pixel, the minimum over the columns around it. Triton runs both where it works, otherwise torch, with the same numbers.
Sums are of integers, so the order of threads does not change them.

The host waits for the device three times, for sizes that depend on the maps: the number of boundary pixels, of classes
that both maps have, and of the boundary pixels of these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import on_device
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.triton_support import use_triton

NONE = 255
"""A pixel that is not on the boundary of any class."""
_MEMORY = 1 << 30
"""Maximum bytes of scratch for a part of the batch."""
_PIXEL = {False: 80, True: 4}  # bytes per image, class and pixel: with running extrema of torch; with Triton

Kernels = tuple[Callable[[Tensor, Tensor, Tensor], Tensor], Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]]
"""``steps_to_site`` and ``nearest_squares``."""


class _Directed(NamedTuple):
    """Distances from the points of one map to those of the other, per direction and pair, float64 (2 J,) each."""

    number: Tensor
    largest: Tensor
    percentile: Tensor
    total: Tensor
    within: Tensor


def surface_table(
    pred: Tensor,
    target: Tensor,
    classes: int,
    spacing: tuple[float, float],
    tolerance: Tensor,
    first: int = 0,
    memory: int = _MEMORY,
) -> Tensor:
    """Rows hd, hd95, assd, nsd, missed: float64 (5, B, C) on the device of the maps.

    Args:
        pred, target: uint8 (B, H, W), labels below C, and 255 for no class.
        spacing: size of a pixel along rows and columns.
        tolerance: of nsd for each image and class, float64 (B, C).
        first: the first class that is measured; those before are NaN, and not missed.
        memory: bytes of scratch; more images and classes than fit are split into parts of at least one.
    """
    return edges_table(_edges(torch.stack((pred, target))), classes, spacing, tolerance, first, memory)


def edges_table(
    edges: Tensor,
    classes: int,
    spacing: tuple[float, float],
    tolerance: Tensor,
    first: int = 0,
    memory: int = _MEMORY,
) -> Tensor:
    """:func:`surface_table` of the labels of boundary pixels, uint8 (2, B, H, W), :data:`NONE` elsewhere; modified."""
    _, batch, height, width = edges.shape
    pixels, cells = height * width, batch * classes
    if first:
        edges.masked_fill_(edges < first, NONE)
    points = (edges.flatten() != NONE).nonzero()[:, 0]
    key = points.div(pixels, rounding_mode="floor") * classes + edges.flatten()[points]  # map, image and class
    present = torch.zeros(2 * cells, dtype=torch.bool, device=edges.device).index_fill_(0, key, True)
    p, t = present.view(2, cells)
    table = torch.full((5, cells), torch.nan, dtype=torch.float64, device=edges.device)
    table[:3].masked_fill_(p ^ t, math.hypot(height * spacing[0], width * spacing[1]))
    table[3].masked_fill_(p ^ t, 0.0)
    table[4] = p ^ t
    both = p & t
    pairs = both.nonzero()[:, 0]
    pair = torch.where(both, both.cumsum(0) - 1, -1).repeat(2)[key]
    size = max(1, memory // (pixels * _PIXEL[use_triton(edges.device)]))
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        inside = ((pair >= start) & (pair < start + len(part))).nonzero()[:, 0]
        directed = pair[inside] - start + (key[inside] >= cells) * len(part)
        distances = _directed(edges, points[inside], directed.int(), part, classes, spacing, tolerance.flatten()[part])
        table[:4, part] = _symmetric(distances)
    return table.view(5, batch, classes)


def _edges(labels: Tensor) -> Tensor:
    """The labels (..., H, W) of boundary pixels, and 255 in place of all others, which overwrites ``labels``."""
    centre = labels[..., 1:-1, 1:-1]
    inside = centre == labels[..., :-2, 1:-1]
    for neighbour in (labels[..., 2:, 1:-1], labels[..., 1:-1, :-2], labels[..., 1:-1, 2:]):
        inside &= centre == neighbour
    centre.masked_fill_(inside, NONE)
    return labels


def _symmetric(directed: _Directed) -> Tensor:
    """hd, hd95, assd, nsd: (4, J)."""
    number, largest, percentile, total, within = (values.view(2, -1) for values in directed)
    points = number.sum(0)
    return torch.stack((largest.amax(0), percentile.amax(0), total.sum(0) / points, within.sum(0) / points))


def _directed(
    edges: Tensor,
    points: Tensor,
    pair: Tensor,
    cells: Tensor,
    classes: int,
    spacing: tuple[float, float],
    tolerance: Tensor,
) -> _Directed:
    """Distances from boundary pixels to those of the other map, for J pairs of image and class.

    Args:
        edges: uint8 (2, B, H, W), labels of boundary pixels of both maps.
        points: int64 (N,), positions in ``edges``.
        pair: int32 (N,), of each point: 0 to J - 1 in the first map, J to 2 J - 1 in the second.
        cells: int64 (J,), image x classes + class.
        classes: C.
        spacing: size of a pixel along rows and columns.
        tolerance: of each pair, float64 (J,).
    """
    height, width = edges.shape[2:]
    to_site, nearest = _kernels(edges.device)
    down, across = (device_table(squares, edges.device, *each) for each in zip((height, width), spacing, strict=True))
    image = cells.div(classes, rounding_mode="floor")
    with on_device(edges.device):
        distances = nearest(to_site(edges, image, cells - image * classes), points, pair, down, across).sqrt()
    diagonal = math.hypot(height * spacing[0], width * spacing[1])
    return _summary(distances, pair, 2 * len(cells), diagonal, tolerance.repeat(2), height * width)


def _kernels(device: torch.device) -> Kernels:
    if not use_triton(device):
        return steps_to_site, nearest_squares
    from robustbench_endo.metrics import surface_triton

    return surface_triton.steps_to_site, surface_triton.nearest_squares


def squares(count: int, size: float) -> NDArray[np.float64]:
    """(k x size)^2 for k = 0 .. count - 1, then infinity: the square of ``count`` steps, of a column without a site.

    >>> squares(3, 2.0).tolist()
    [0.0, 4.0, 16.0, inf]
    """
    return np.append(np.square(np.arange(count) * size), np.inf)


def _summary(distances: Tensor, pair: Tensor, pairs: int, diagonal: float, tolerance: Tensor, pixels: int) -> _Directed:
    """Largest, percentile, sum and number within the tolerance of each pair, which has at least one distance."""
    values, by_value = distances.sort()
    pair, by_pair = pair[by_value].sort(stable=True)
    ordered = values[by_pair]
    ends = torch.searchsorted(pair, torch.arange(pairs + 1, dtype=pair.dtype, device=pair.device))
    first, number = ends[:-1], ends.diff()
    position = (number - 1).double() * 0.95
    low = position.floor().long()
    below, above = ordered[first + low], ordered[first + torch.minimum(low + 1, number - 1)]
    fraction, gap = position - low, above - below
    percentile = torch.where(fraction < 0.5, below + gap * fraction, above - gap * (1 - fraction))
    # Multiples of 2^-bits of the diagonal: the sum over a map cannot overflow, nor depend on the order.
    bits = 62 - math.ceil(math.log2(pixels))
    integers = torch.stack(((ordered * (2.0**bits / diagonal)).round().long(), (ordered <= tolerance[pair]).long()))
    running = torch.nn.functional.pad(integers.cumsum(1), (1, 0))
    total, within = running[:, ends].diff().double()
    return _Directed(number.double(), ordered[ends[1:] - 1], percentile, total * (diagonal / 2.0**bits), within)


def steps_to_site(edges: Tensor, image: Tensor, label: Tensor) -> Tensor:
    """Rows between each pixel and the nearest site of its column in the other map; H where the column has none.

    Args:
        edges: uint8 (2, B, H, W), labels of boundary pixels of both maps.
        image, label: int64 (J,), which image and which class.

    Returns:
        int16 (2, J, H, W): to the sites of the second map, then to those of the first.
    """
    height = edges.shape[2]
    rows = torch.arange(height, dtype=torch.int32, device=edges.device)[:, None]
    marked = edges.flip(0)[:, image] == label[:, None, None]
    above = rows - torch.where(marked, rows, -height).cummax(2).values
    below = torch.where(marked, rows, 2 * height).flip(2).cummin(2).values.flip(2) - rows
    return torch.minimum(above, below).clamp(max=height).short()


def nearest_squares(steps: Tensor, points: Tensor, pair: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Squared distances of points, float64 (N,).

    Args:
        steps: int16 (2, J, H, W), see :func:`steps_to_site`.
        points: int64 (N,), positions in maps of H x W, one after the other.
        pair: int32 (N,), of each point, 0 to 2 J - 1.
        down, across: squared steps along rows (H + 1,) and columns (W + 1,), see :func:`squares`.
    """
    height, width = steps.shape[2:]
    field, column, start = steps.flatten(), points % width, pair.long() * (height * width) + points % (height * width)
    best = down[field[start].long()]
    active = torch.arange(len(points), device=points.device)
    for k in range(1, width):
        if k % 8 == 1:  # removing the finished points costs more than a column
            active = active[across[k] < best[active]]
            if not len(active):
                break
        for step in (-k, k):
            other = column[active] + step
            inside = (other >= 0) & (other < width)
            square = down[field[start[active] + torch.where(inside, step, 0)].long()] + across[k]
            best[active] = torch.minimum(best[active], torch.where(inside, square, torch.inf))
    return best
