"""Correlation with a 2-D kernel: constant runs of the kernel by running sums, the remaining taps one by one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import (
    Floats,
    Indices,
    Indices32,
    Scalar,
    from_planes,
    to_planes,
    use_numba,
)
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.filters.separable import Border, border_index
from robustbench_endo.corruptions.kernels.host_values import upload

_SHORTEST_RUN = 6  # a run costs two look-ups and a subtraction, whatever its length


def correlate(images: Tensor, kernels: Floats, border: Border) -> Tensor:
    """Correlate each image with its kernel.

    Args:
        images: (B, C, H, W) in [0, 1].
        kernels: (B, k, k) with odd k, or (1, k, k) for all images; the weights are not negative.
        border: extrapolation beyond the edge.
    """
    if not use_numba(images.device):
        return correlate_torch(images, kernels, border)
    if len(kernels) == 1:
        return _correlate_one_kernel(images, kernels[0], border)
    parts = [_correlate_one_kernel(images[i : i + 1], kernel, border) for i, kernel in enumerate(kernels)]
    return torch.cat(parts)


def correlate_torch(images: Tensor, kernels: Floats, border: Border) -> Tensor:
    """:func:`correlate` by the convolution theorem, on any device."""
    height, width = images.shape[-2:]
    radius = kernels.shape[-1] // 2
    size = tuple(transform_length(side + 2 * radius) for side in (height, width))
    rows, columns = (
        device_table(border_index, images.device, side, radius, length - side - radius, border)
        for side, length in zip((height, width), size, strict=True)
    )
    padded = images.index_select(-2, rows).index_select(-1, columns)
    (weights,) = upload((torch.from_numpy(kernels)[:, None],), images.device)
    spectrum = torch.fft.rfft2(padded).mul_(torch.fft.rfft2(weights, s=size).conj())
    filtered: Tensor = torch.fft.irfft2(spectrum, s=size)
    return filtered[..., :height, :width]


@lru_cache(maxsize=256)
def transform_length(size: int) -> int:
    """The next even number from ``size`` on without a prime factor above 7: a Fourier transform is slow at others.

    >>> transform_length(586), transform_length(600)
    (588, 600)
    """
    size += size % 2
    rest = size
    for factor in (2, 3, 5, 7):
        while rest % factor == 0:
            rest //= factor
    return size if rest == 1 else transform_length(size + 2)


def _correlate_one_kernel(images: Tensor, kernel: Floats, border: Border) -> Tensor:
    planes = to_planes(images)
    radius = kernel.shape[-1] // 2
    rows = border_index(planes.shape[1], radius, radius, border)
    columns = border_index(planes.shape[2], radius, radius, border)
    runs, top, taps, weights = _decompose(kernel)
    # The running sums are integers (exact in any order): the finest scale whose total stays below 2^31.
    covered = max(int((runs[:, 2] - runs[:, 1]).sum()), 1)
    scale = 2.0 ** (30 - int(np.ceil(np.log2(covered))))
    out = _correlate(planes, rows, columns, runs, np.float32(top / scale), taps, weights, np.float32(scale))
    return from_planes(out, images)


def _decompose(kernel: Floats) -> tuple[Indices, float, Indices, Floats]:
    """Runs (dy, first dx, end dx) of the largest weight, that weight, the other taps (dy, dx) and their weights."""
    top = float(kernel.max())
    flat = np.abs(kernel - top) <= 1e-6 * top
    rest = kernel.copy()
    runs = []
    for dy, row in enumerate(flat):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            if end - first >= _SHORTEST_RUN:
                runs.append((dy, first, end))
                rest[dy, first:end] = 0.0
    taps = np.argwhere(rest > 0).astype(np.int64)
    return np.array(runs, np.int64).reshape(-1, 3), top, taps, rest[rest > 0]


@njit(cache=True, nogil=True)
def _correlate(
    planes: Floats,
    rows: Indices,
    columns: Indices,
    runs: Indices,
    top: Scalar,
    taps: Indices,
    weights: Floats,
    scale: Scalar,
) -> Floats:
    count, height, width = planes.shape
    padded = np.empty((len(rows), len(columns)), np.float32)
    sums = np.zeros((len(rows), len(columns) + 1), np.int32)
    total = np.empty(width, np.int32)
    out = np.empty_like(planes)
    for plane in range(count):
        _pad(planes[plane], rows, columns, padded)
        if len(runs) > 0:
            _running_sums(padded, scale, sums)
        for y in range(height):
            target = out[plane, y]
            total[:] = 0
            for run in range(len(runs)):
                line = sums[y + runs[run, 0]]
                _add_difference(total, line[runs[run, 2] :], line[runs[run, 1] :])
            for x in range(width):
                target[x] = top * np.float32(total[x])
            _add_taps(target, padded, y, taps, weights)
    return out


@njit(cache=True, nogil=True)
def _pad(plane: Floats, rows: Indices, columns: Indices, padded: Floats) -> None:
    for y in range(len(rows)):
        line = plane[rows[y]]
        for x in range(len(columns)):
            padded[y, x] = line[columns[x]]


@njit(cache=True, nogil=True)
def _running_sums(padded: Floats, scale: Scalar, sums: Indices32) -> None:
    for y in range(padded.shape[0]):
        total = np.int32(0)
        for x in range(padded.shape[1]):
            # May wrap around; differences of wrapped sums are still exact.
            total = np.int32(total + np.int32(padded[y, x] * scale + np.float32(0.5)))
            sums[y, x + 1] = total


@njit(cache=True, nogil=True, inline="always")
def _add_difference(total: Indices32, end: Indices32, first: Indices32) -> None:
    for x in range(len(total)):
        total[x] += end[x] - first[x]


@njit(cache=True, nogil=True)
def _add_taps(target: Floats, padded: Floats, y: int, taps: Indices, weights: Floats) -> None:
    grouped = len(taps) - len(taps) % 4
    for tap in range(0, grouped, 4):
        _add_four(
            target,
            weights[tap],
            padded[y + taps[tap, 0]][taps[tap, 1] :],
            weights[tap + 1],
            padded[y + taps[tap + 1, 0]][taps[tap + 1, 1] :],
            weights[tap + 2],
            padded[y + taps[tap + 2, 0]][taps[tap + 2, 1] :],
            weights[tap + 3],
            padded[y + taps[tap + 3, 0]][taps[tap + 3, 1] :],
        )
    for tap in range(grouped, len(taps)):
        _add_scaled(target, weights[tap], padded[y + taps[tap, 0]][taps[tap, 1] :])


@njit(cache=True, nogil=True, inline="always")
def _add_scaled(target: Floats, weight: Scalar, source: Floats) -> None:
    for x in range(len(target)):
        target[x] += weight * source[x]


@njit(cache=True, nogil=True, inline="always")
def _add_four(
    target: Floats,
    w0: Scalar,
    s0: Floats,
    w1: Scalar,
    s1: Floats,
    w2: Scalar,
    s2: Floats,
    w3: Scalar,
    s3: Floats,
) -> None:
    # Four taps at a time: the target is read and written a quarter as often, which dominates the run time.
    for x in range(len(target)):
        target[x] += (w0 * s0[x] + w1 * s1[x]) + (w2 * s2[x] + w3 * s3[x])
