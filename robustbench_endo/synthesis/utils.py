"""Frames and masks as arrays: conversion, resizing, brightness, instrument labels, checksums, selection."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.types import IGNORE, Dataset, Sample

Bytes = NDArray[np.uint8]

Floats = NDArray[np.floating[Any]]
"""float32 throughout; the wider type is what arithmetic on float32 is declared to return."""

Flags = NDArray[np.bool_]

Points = NDArray[np.float64]
"""(n, 2): x, y in pixels, pixel centres at whole numbers."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in the brightness, ITU-R BT.601."""

_SELECTION_STREAM = 0x11317
"""Separates the random numbers of :func:`select_frames` from those of the images."""


def luma(image: Bytes | Floats) -> Floats:
    """Brightness (H, W) of an image (H, W, 3), in the range of the input.

    >>> round(float(luma(np.array([[[0, 100, 0]]], np.uint8))[0, 0]), 1)
    58.7
    """
    weighted: Floats = image.astype(np.float32, copy=False) @ LUMA
    return weighted


def to_array(sample: Sample) -> Bytes:
    """The image of a sample as uint8 (H, W, 3)."""
    return np.ascontiguousarray(sample.image.permute(1, 2, 0).numpy())


def resize(values: Bytes | Floats, size: Sequence[int], method: Image.Resampling) -> Any:
    """An image or a map, uint8 (H, W[, 3]) or float32 (H, W), at another size (height, width)."""
    image = Image.fromarray(np.ascontiguousarray(values))
    return np.asarray(image.resize((size[1], size[0]), method))


def instrument_mask(sample: Sample, instruments: tuple[int, ...] | None) -> Bytes | None:
    """uint8 (H, W): the labels of instruments, 0 elsewhere; None for a frame without mask.

    Args:
        sample: the frame.
        instruments: labels of instruments; None: all but 0 and 255.
    """
    if sample.mask is None:
        return None
    mask = sample.mask.numpy()
    selected = (mask != 0) & (mask != IGNORE) if instruments is None else np.isin(mask, instruments)
    return np.where(selected, mask, 0).astype(np.uint8)


def covered_area(sample: Sample, instruments: tuple[int, ...] | None) -> Flags | None:
    """bool (H, W): where a background shows an instrument, or may (255); None for a frame without mask."""
    labels = instrument_mask(sample, instruments)
    if labels is None or sample.mask is None:
        return None
    covered: Flags = (labels > 0) | (sample.mask.numpy() == IGNORE)
    return covered


def checksum(sample: Sample) -> str:
    """Hexadecimal SHA-256 of the pixels and the mask, independent of path and file format of the frame."""
    digest = hashlib.sha256(repr(tuple(sample.image.shape)).encode())
    digest.update(to_array(sample).data)
    if sample.mask is not None:
        digest.update(np.ascontiguousarray(sample.mask.numpy()).data)
    return digest.hexdigest()


def select_frames(count: int, limit: int | None, seed: int) -> list[int]:
    """Sorted indices of the frames to use: all, or ``limit`` randomly selected ones.

    >>> select_frames(4, None, 0)
    [0, 1, 2, 3]
    """
    if limit is None or limit >= count:
        return list(range(count))
    selected = np.random.default_rng([seed, _SELECTION_STREAM]).permutation(count)[:limit]
    return sorted(int(index) for index in selected)


def activity_name(data: Dataset, sample: Sample) -> str | None:
    """The name of a frame's activity."""
    return None if sample.activity is None else data.activities[sample.activity]
