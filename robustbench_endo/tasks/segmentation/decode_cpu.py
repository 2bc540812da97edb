"""Label maps, confidence and entropy of segmentation logits on the CPU, a frame in one compiled call each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.kernels.compiled import njit

Map = NDArray[np.float32]
Labels = NDArray[np.uint8]
Positions = NDArray[np.int64]

_ROUNDING = np.float32(2.0**-19)
"""Largest error, relative to the largest logit, of the difference of two interpolated logits.

Interpolating along one axis, ``a + w * (b - a)``, rounds three times: its error is at most 5 units of 2^-24 of the
largest logit, that of both axes at most 11, and that of the difference of two classes at most 22; 2^-19 is 32 of them.
"""

_LARGEST = np.float32(2.0**120)
"""Differences of larger logits may overflow, so that no class is certain there."""

_ROWS = 64
"""Rows whose sums of exponentials are multiplied before a logarithm: 255^64 is less than the largest float64."""


@njit(cache=True, nogil=True)
def interpolated_argmax(
    logits: Map, top: Positions, bottom: Positions, down: Map, left: Positions, right: Positions, across: Map
) -> Labels:
    """Class of the largest interpolated logit of each pixel, the first of equal ones; (C, h, w) -> (H, W).

    An interpolated logit is a weighted mean of those at the four neighbours. A class that leads at all four by more
    than the rounding error therefore leads at every pixel between them, and one that trails another in this way is
    never the label: neither is interpolated, and the labels are those of interpolating every class at every pixel.

    Args:
        logits: of one frame.
        top, bottom, down: of each row, its neighbours among the rows of logits and the weight of the second.
        left, right, across: of each column, likewise.
    """
    classes, height, width = logits.shape
    labels = np.zeros((top.size, left.size), np.uint8)
    leader, leads = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    margin = _margin(logits)
    _leaders(logits, margin, leader, leads)
    # Pixels between row j and the next one are those of rows[j] to rows[j + 1]; likewise for columns.
    rows, columns = np.searchsorted(top, np.arange(height + 1)), np.searchsorted(left, np.arange(width + 1))
    candidates = np.empty(classes, np.int64)
    for j in range(height):
        first, last = rows[j], rows[j + 1]
        if first == last:
            continue
        below, i = bottom[first], 0
        while i < width:
            label, start = leader[j, i], i
            while i < width and _is_certain(leader, leads, label, j, below, i, min(i + 1, width - 1)):
                i += 1
            labels[first:last, columns[start] : columns[i]] = label
            if i < width:
                right_column = min(i + 1, width - 1)
                count = _candidates(logits, margin, leader, j, below, i, right_column, candidates)
                for y in range(first, last):
                    for x in range(columns[i], columns[i + 1]):
                        best, label = np.float32(-np.inf), 0
                        for n in range(count):
                            c = candidates[n]
                            one = logits[c, j, i] + down[y] * (logits[c, below, i] - logits[c, j, i])
                            two = logits[c, below, right_column] - logits[c, j, right_column]
                            two = logits[c, j, right_column] + down[y] * two
                            value = one + across[x] * (two - one)
                            if value > best:
                                best, label = value, c
                        labels[y, x] = label
                i += 1
    return labels


@njit(cache=True, nogil=True)
def _margin(logits: Map) -> np.float32:
    """Difference of two logits from which on no rounding changes their order after interpolation."""
    largest = _largest(logits)
    return largest * _ROUNDING + np.float32(2.0**-126) if largest < _LARGEST else np.float32(np.inf)


@njit(cache=True, nogil=True)
def _largest(logits: Map) -> np.float32:
    """Largest magnitude; NaN if there is one."""
    bits, highest = logits.reshape(-1).view(np.int32), np.int32(0)
    for i in range(len(bits)):  # without the sign, the order of floats is that of their bits, and NaN is the last
        highest = max(highest, bits[i] & np.int32(0x7FFFFFFF))
    value = np.empty(1, np.int32)
    value[0] = highest
    return np.float32(value.view(np.float32)[0])


@njit(cache=True, nogil=True)
def is_finite(logits: Map) -> bool:
    """Whether all logits are finite."""
    return bool(np.isfinite(_largest(logits)))


@njit(cache=True, nogil=True, inline="always")
def two_largest(logits: Map, y: int, highest: Map, second: Map, which: NDArray[np.int32]) -> None:
    """The largest and the second largest logit of each pixel of a row, and the class of the largest."""
    highest[:] = second[:] = -np.inf
    which[:] = 0
    for c in range(logits.shape[0]):
        line = logits[c, y]
        for x in range(logits.shape[2]):
            value, high = line[x], highest[x]
            lower = value if value < high else high
            second[x] = lower if lower > second[x] else second[x]
            which[x] = np.int32(c) if value > high else which[x]
            highest[x] = value if value > high else high


@njit(cache=True, nogil=True)
def _leaders(logits: Map, margin: np.float32, leader: Labels, leads: Labels) -> None:
    """The class of the largest logit at each position, and whether it leads by more than the margin."""
    height, width = logits.shape[1:]
    highest, second, which = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.int32)
    for y in range(height):
        two_largest(logits, y, highest, second, which)
        for x in range(width):
            leader[y, x] = which[x]
            leads[y, x] = highest[x] - second[x] > margin


@njit(cache=True, nogil=True, inline="always")
def _is_certain(leader: Labels, leads: Labels, label: int, above: int, below: int, left: int, right: int) -> bool:
    """Whether a class leads at four neighbours."""
    sure = leads[above, left] & leads[below, left] & leads[above, right] & leads[below, right]
    different = (leader[above, left] ^ label) | (leader[below, left] ^ label)
    different |= (leader[above, right] ^ label) | (leader[below, right] ^ label)
    return bool(sure) and different == 0


@njit(cache=True, nogil=True)
def _candidates(
    logits: Map, margin: np.float32, leader: Labels, above: int, below: int, left: int, right: int, result: Positions
) -> int:
    """Number of classes that can be a label between four neighbours; they are written to ``result`` in order."""
    count = 0
    rivals = leader[above, left], leader[below, right], leader[above, right]
    for c in range(len(logits)):
        trails = False
        for rival in rivals:
            trails = (
                logits[rival, above, left] - logits[c, above, left] > margin
                and logits[rival, above, right] - logits[c, above, right] > margin
                and logits[rival, below, left] - logits[c, below, left] > margin
                and logits[rival, below, right] - logits[c, below, right] > margin
            )
            if trails:
                break
        if not trails:
            result[count] = c
            count += 1
    return count


@njit(cache=True, nogil=True)
def interpolated(
    logits: Map, top: Positions, bottom: Positions, down: Map, left: Positions, right: Positions, across: Map
) -> Map:
    """Logits (C, h, w) interpolated at rows x columns, (C, rows, columns); arguments as above."""
    result = np.empty((len(logits), top.size, left.size), np.float32)
    for c in range(len(logits)):
        for y in range(top.size):
            above, below = logits[c, top[y]], logits[c, bottom[y]]
            for x in range(left.size):
                i, k = left[x], right[x]
                first, second = above[i] + down[y] * (below[i] - above[i]), above[k] + down[y] * (below[k] - above[k])
                result[c, y, x] = first + across[x] * (second - first)
    return result


@njit(cache=True, nogil=True)
def mean_confidence_and_entropy(logits: Map, largest: Map) -> tuple[float, float]:
    """Largest class probability and predictive entropy (nats), means over the pixels of finite logits (C, h, w).

    The probability of each pixel is written to ``largest`` (h, w).

    With s the sum over classes of e^(z - max z): the confidence is 1 / s and the entropy log s less the mean of
    z - max z. The error of either is less than 1e-6 of it or, of the entropy, 1e-6 where that is more.
    """
    classes, height, width = logits.shape
    confidence, mean, product = np.zeros(width), np.zeros(width), np.ones(width)
    sums, weighted = np.empty(width, np.float32), np.empty(width, np.float32)
    highest, shifted, power = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.int32)
    logarithms = 0.0
    for y in range(height):
        highest[:] = -np.inf
        sums[:] = weighted[:] = 0
        for c in range(classes):
            line = logits[c, y]
            for x in range(width):
                highest[x] = line[x] if line[x] > highest[x] else highest[x]
        for c in range(classes):
            line = logits[c, y]
            for x in range(width):
                difference = line[x] - highest[x]
                shifted[x] = difference if difference > np.float32(-87) else np.float32(-87)
            _add_exponentials(shifted, power, sums, weighted)
        for x in range(width):
            probability = 1 / np.float64(sums[x])
            largest[y, x] = probability
            confidence[x] += probability
            mean[x] += np.float64(weighted[x]) / np.float64(sums[x])
            product[x] *= sums[x]
        if y % _ROWS == _ROWS - 1 or y == height - 1:
            logarithms += np.log(product).sum()
            product[:] = 1
    pixels = height * width
    return confidence.sum() / pixels, (logarithms - mean.sum()) / pixels


_LOG2E = np.float32(1 / math.log(2))
_HIGH, _LOW = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)
_ROUNDER = np.float32(1.5 * 2**23)


@njit(cache=True, nogil=True)
def _add_exponentials(values: Map, power: NDArray[np.int32], sums: Map, weighted: Map) -> None:
    """Add e^v, and e^v v, for values from -87 to 0: e^v is 2^n e^r with |r| <= log(2) / 2, and e^r a polynomial."""
    for x in range(len(values)):
        n = (values[x] * _LOG2E + _ROUNDER) - _ROUNDER
        power[x] = (np.int32(n) + np.int32(127)) << np.int32(23)
    scale = power.view(np.float32)
    for x in range(len(values)):
        n = (values[x] * _LOG2E + _ROUNDER) - _ROUNDER
        r = (values[x] - n * _HIGH) - n * _LOW
        # The series of e^r to r^7: the rest is less than 1e-8.
        p = np.float32(1 / 5040)
        p = p * r + np.float32(1 / 720)
        p = p * r + np.float32(1 / 120)
        p = p * r + np.float32(1 / 24)
        p = p * r + np.float32(1 / 6)
        p = p * r + np.float32(0.5)
        p = p * r + np.float32(1)
        p = p * r + np.float32(1)
        value = p * scale[x]
        sums[x] += value
        weighted[x] += value * values[x]
