"""Reduction of 8-bit images by a whole factor, and enlargement with the detail that the image has beyond it.

The integer form of :mod:`.resample` with area weights and of :mod:`.residual_upsample`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from robustbench_endo.corruptions.kernels.backend import Bytes, Floats, Indices32, Scalar
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.interpolation.fast_resample import WeightArrays
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import bilinear_weights


@njit(cache=True, nogil=True)
def block_sums(frame: Bytes, factor: int) -> Indices32:
    """The sums over blocks of ``factor`` x ``factor`` pixels of contiguous (H, W, 3), whose sides it divides."""
    rows, columns = frame.shape[0] // factor, frame.shape[1] // factor
    out = np.zeros((rows, columns, 3), np.int32)
    line = np.empty(3 * frame.shape[1], np.int32)
    for y in range(rows):
        line[:] = 0
        for k in range(factor):
            source = frame[y * factor + k].reshape(-1)
            for x in range(len(line)):
                line[x] += np.int32(source[x])
        for x in range(columns):
            for k in range(3 * x * factor, 3 * (x + 1) * factor, 3):
                out[y, x, 0] += line[k]
                out[y, x, 1] += line[k + 1]
                out[y, x, 2] += line[k + 2]
    return out


def block_means(sums: Indices32, factor: int) -> Bytes:
    """The nearest level of the mean of each block; halves go up."""
    pixels = factor * factor
    return ((2 * sums + pixels) // (2 * pixels)).astype(np.uint8)


def residual_upsample_bytes(frame: Bytes, sums: Indices32, processed: Bytes, threshold: float) -> Bytes:
    """Enlarge ``processed`` (h, w, 3) bilinearly, and add the soft-thresholded detail of ``frame``.

    Args:
        frame: contiguous uint8 (H, W, 3).
        sums: (h, w, 3), those of :func:`block_sums`.
        processed: uint8 (h, w, 3).
        threshold: by how many levels detail is shrunk towards 0.
    """
    factor = frame.shape[0] // sums.shape[0]
    rows = bilinear_weights(sums.shape[0], frame.shape[0]).arrays
    out = np.empty_like(frame)
    taps = _interleaved_taps(sums.shape[1], frame.shape[1])
    _residual_upsample(
        frame,
        sums.reshape(len(sums), -1),
        processed.reshape(len(sums), -1),
        rows,
        *taps,
        np.float32(1.0 / factor**2),
        np.float32(threshold),
        out,
    )
    return out


@lru_cache(maxsize=16)
def _interleaved_taps(size: int, count: int) -> tuple[Indices32, Floats, Floats]:
    """First sample and the two weights of each value of an enlarged row whose channels are interleaved."""
    weights = bilinear_weights(size, count)
    start = (3 * weights.start[:, None] + np.arange(3)).astype(np.int32).ravel()
    return start, np.repeat(weights.weights[:, 0], 3), np.repeat(weights.weights[:, 1], 3)


@njit(cache=True, nogil=True)
def _residual_upsample(
    frame: Bytes,
    sums: Indices32,
    processed: Bytes,
    rows: WeightArrays,
    start: Indices32,
    first: Floats,
    second: Floats,
    scale: Scalar,
    threshold: Scalar,
    out: Bytes,
) -> None:
    # A row of the reduced image is enlarged once and then blended with the next one for several rows of the output.
    width = len(start)
    base, value = np.empty((2, width), np.float32), np.empty((2, width), np.float32)
    ready = np.full(2, -1)
    line = np.empty(sums.shape[1], np.float32)
    for y in range(frame.shape[0]):
        top = rows.start[y]
        for row in range(top, top + 2):
            if ready[row % 2] != row:
                for x in range(len(line)):
                    line[x] = np.float32(sums[row, x]) * scale
                _enlarge(line, start, first, second, base[row % 2])
                for x in range(len(line)):
                    line[x] = np.float32(processed[row, x])
                _enlarge(line, start, first, second, value[row % 2])
                ready[row % 2] = row
        i, j = top % 2, (top + 1) % 2
        w0, w1 = rows.weights[y, 0], rows.weights[y, 1]
        _add_detail(frame[y].reshape(-1), base[i], base[j], value[i], value[j], w0, w1, threshold, out[y].reshape(-1))


@njit(cache=True, nogil=True, inline="always")
def _enlarge(line: Floats, start: Indices32, first: Floats, second: Floats, target: Floats) -> None:
    following = line[3:]
    for x in range(len(target)):
        target[x] = first[x] * line[start[x]] + second[x] * following[start[x]]


@njit(cache=True, nogil=True)
def _add_detail(
    source: Bytes,
    base0: Floats,
    base1: Floats,
    value0: Floats,
    value1: Floats,
    w0: Scalar,
    w1: Scalar,
    threshold: Scalar,
    target: Bytes,
) -> None:
    half = np.float32(0.5)
    for x in range(len(target)):
        detail = np.float32(source[x]) - (w0 * base0[x] + w1 * base1[x])
        # detail - clamp(detail, -threshold, threshold), without a branch.
        shrunk = detail - half * (abs(detail + threshold) - abs(detail - threshold))
        level = (w0 * value0[x] + w1 * value1[x]) + shrunk
        target[x] = np.uint8(np.int32(min(max(level, np.float32(0.0)), np.float32(255.0)) + half))
