"""Small label maps for the comparison with other packages: 500 pairs, one in five of them degenerate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

COUNT, CLASSES = 500, 4
Labels = NDArray[np.uint8]


def pair(index: int) -> tuple[Labels, Labels]:
    """Prediction and target number ``index``, uint8 (H, W), each side 9 to 33 px."""
    random = np.random.default_rng(index)
    size = tuple(random.integers(9, 34, 2))
    target = _blobs(random, size)
    pred = _blobs(random, size) if index % 2 else _moved(target, random)
    special = _SPECIAL.get(index % 25)
    if special is not None:
        target = special(target, random)
    if index % 50 >= 25:
        pred, target = target, pred
    return pred, target


def _blobs(random: np.random.Generator, size: tuple[int, ...]) -> Labels:
    blur = random.uniform(0, 4)
    fields = ndimage.gaussian_filter(random.normal(size=(CLASSES, *size)), (0, blur, blur))
    fields += random.normal(size=(CLASSES, 1, 1)) * fields.std()
    return fields.argmax(0).astype(np.uint8)


def _moved(labels: Labels, random: np.random.Generator) -> Labels:
    down, across = random.integers(-3, 4, 2)
    return np.roll(labels, (down, across), (0, 1))


def _empty(labels: Labels, random: np.random.Generator) -> Labels:
    """One class everywhere, the others nowhere."""
    return np.full_like(labels, random.integers(CLASSES))


def _pixel(labels: Labels, random: np.random.Generator) -> Labels:
    """A class of a single pixel, anywhere."""
    result = np.where(labels == 1, 0, labels).astype(np.uint8)
    result[tuple(random.integers(0, labels.shape))] = 1
    return result


def _corner(labels: Labels, random: np.random.Generator) -> Labels:
    """A class of a single pixel in a corner."""
    result = np.where(labels == 2, 0, labels).astype(np.uint8)
    result[-int(random.integers(2)), -int(random.integers(2))] = 2
    return result


def _border(labels: Labels, random: np.random.Generator) -> Labels:
    """A class along a border, two pixels wide."""
    result = labels.copy()
    result[:2] = 3
    return np.rot90(result, 2) if random.integers(2) else result


def _lines(labels: Labels, random: np.random.Generator) -> Labels:
    """Regions without an interior."""
    result = np.zeros_like(labels)
    result[random.integers(1, labels.shape[0] - 1)] = 1
    result[:, random.integers(1, labels.shape[1] - 1)] = 2
    return result


_SPECIAL = {0: _empty, 5: _pixel, 10: _corner, 15: _border, 20: _lines}
