"""Symmetric separable filters of 8-bit images in fixed point, on rows whose channels stay interleaved.

Weights have 16 fractional bits, sums 7, so that a pair of samples and its sum fit 16 bits, of which a vector register
holds twice as many as of 32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, Indices
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.filters.separable import Border, border_index

Shorts = NDArray[np.uint16]

MAXIMUM_RADIUS = 48
"""Radius of a kernel up to which no sum overflows."""


def separable_filter_bytes(frame: Bytes, column: Floats, row: Floats, border: Border) -> Bytes:
    """:func:`.separable.separable_filter` of uint8 (H, W, 3), to the nearest level or the one next to it.

    Args:
        frame: uint8 (H, W, 3).
        column: centre and lower half of the vertical kernel, of unit sum, at most ``MAXIMUM_RADIUS`` + 1 weights.
        row: centre and right half of the horizontal kernel, likewise.
        border: extrapolation beyond the edge.
    """
    source = np.ascontiguousarray(frame)
    rows = border_index(frame.shape[0], len(column) - 1, len(column) - 1, border)
    columns = border_index(frame.shape[1], len(row) - 1, len(row) - 1, border)
    flat = (3 * columns[:, None] + np.arange(3)).ravel()
    out = np.empty_like(source)
    _filter(source, _fixed_point(column), _fixed_point(row), rows, flat, out)
    return out


def _fixed_point(half: Floats) -> Shorts:
    """Weights times 2^16, of exact sum; padded with zeros to a centre and multiples of four."""
    weights = np.rint(half.astype(np.float64) * 65536.0)
    weights[0] = min(65536.0 - 2.0 * weights[1:].sum(), 65535.0)
    return np.append(weights, np.zeros(-(len(half) - 1) % 4)).astype(np.uint16)


@njit(cache=True, nogil=True)
def _filter(frame: Bytes, column: Shorts, row: Shorts, rows: Indices, flat: Indices, out: Bytes) -> None:
    size, radius = 3 * frame.shape[1], (len(flat) // 3 - frame.shape[1]) // 2
    depth = (len(rows) - frame.shape[0]) // 2
    # Weights of zero beyond the radius read, but do not use, samples of a wider margin.
    margin = 3 * (len(row) - 1)
    padded, line = np.zeros(size + 2 * margin, np.uint16), np.empty(size, np.uint16)
    inner, first = padded[margin : margin + size], margin - 3 * radius
    for y in range(frame.shape[0]):
        _vertical(frame, y, column, rows, depth, inner)
        for i in range(3 * radius):
            padded[first + i] = inner[flat[i]]
            padded[margin + size + i] = inner[flat[3 * radius + size + i]]
        _horizontal(padded, row, radius, line)
        target = out[y].reshape(-1)
        for x in range(size):
            target[x] = np.uint8((line[x] + np.uint16(64)) >> np.uint16(7))


@njit(cache=True, nogil=True)
def _vertical(frame: Bytes, y: int, column: Shorts, rows: Indices, radius: int, line: Shorts) -> None:
    centre, weight = frame[rows[y + radius]].reshape(-1), np.uint32(column[0])
    bias = np.uint16((radius + 2) // 2)  # every product is rounded down, by half a unit on average
    for x in range(len(line)):
        line[x] = np.uint16((np.uint32(centre[x]) * weight) >> np.uint32(9)) + bias
    for k in range(1, radius + 1, 4):
        k1, k2, k3 = min(k + 1, radius), min(k + 2, radius), min(k + 3, radius)
        above, below = y + radius, y + radius
        _add_rows(
            line,
            column[k : k + 4],
            frame[rows[above - k]].reshape(-1),
            frame[rows[below + k]].reshape(-1),
            frame[rows[above - k1]].reshape(-1),
            frame[rows[below + k1]].reshape(-1),
            frame[rows[above - k2]].reshape(-1),
            frame[rows[below + k2]].reshape(-1),
            frame[rows[above - k3]].reshape(-1),
            frame[rows[below + k3]].reshape(-1),
        )


@njit(cache=True, nogil=True)
def _add_rows(
    line: Shorts, w: Shorts, a0: Bytes, b0: Bytes, a1: Bytes, b1: Bytes, a2: Bytes, b2: Bytes, a3: Bytes, b3: Bytes
) -> None:
    # Four pairs at a time: the sums are read and written a quarter as often.
    w0, w1, w2, w3 = np.uint32(w[0]), np.uint32(w[1]), np.uint32(w[2]), np.uint32(w[3])
    for x in range(len(line)):
        s0 = np.uint16((np.uint16(a0[x]) + np.uint16(b0[x])) << 7)
        s1 = np.uint16((np.uint16(a1[x]) + np.uint16(b1[x])) << 7)
        s2 = np.uint16((np.uint16(a2[x]) + np.uint16(b2[x])) << 7)
        s3 = np.uint16((np.uint16(a3[x]) + np.uint16(b3[x])) << 7)
        near = np.uint16((s0 * w0) >> 16) + np.uint16((s1 * w1) >> 16)
        line[x] += near + (np.uint16((s2 * w2) >> 16) + np.uint16((s3 * w3) >> 16))


@njit(cache=True, nogil=True)
def _horizontal(padded: Shorts, row: Shorts, radius: int, line: Shorts) -> None:
    centre, weight = padded[3 * (len(row) - 1) :], np.uint32(row[0])
    bias = np.uint16((radius + 2) // 2)
    for x in range(len(line)):
        line[x] = np.uint16((np.uint32(centre[x]) * weight) >> np.uint32(16)) + bias
    for k in range(1, radius + 1, 4):
        _add_shifts(line, row[k : k + 4], padded[3 * (len(row) - 1 - k - 3) :], padded[3 * (len(row) - 1 + k) :])


@njit(cache=True, nogil=True)
def _add_shifts(line: Shorts, w: Shorts, left: Shorts, right: Shorts) -> None:
    w0, w1, w2, w3 = np.uint32(w[0]), np.uint32(w[1]), np.uint32(w[2]), np.uint32(w[3])
    a1, a2, a3, b1, b2, b3 = left[6:], left[3:], left, right[3:], right[6:], right[9:]
    a0, b0 = left[9:], right
    for x in range(len(line)):
        s0, s1 = np.uint16(a0[x] + b0[x]), np.uint16(a1[x] + b1[x])
        s2, s3 = np.uint16(a2[x] + b2[x]), np.uint16(a3[x] + b3[x])
        near = np.uint16((s0 * w0) >> 16) + np.uint16((s1 * w1) >> 16)
        line[x] += near + (np.uint16((s2 * w2) >> 16) + np.uint16((s3 * w3) >> 16))
