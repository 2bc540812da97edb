"""Checks of what a corruption gets and returns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.range_check import in_unit_range
from robustbench_endo.corruptions.rng import normalize_id

MINIMUM_SIDE = 32
"""Smallest height and width of an image, in pixels."""


def check_output(output: object, images: Tensor, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``apply`` returned a tensor of the shape and device of ``images``."""
    if not isinstance(output, Tensor):
        raise CorruptionError(f"Corruption {name}: expected apply to return a tensor, got {type(output).__name__}.")
    if output.shape != images.shape or output.device != images.device:
        raise CorruptionError(
            f"Corruption {name}: expected apply to return shape {tuple(images.shape)} on {images.device}, "
            f"got {tuple(output.shape)} on {output.device}."
        )


def check_images(images: Tensor, ids: Sequence[str]) -> None:
    """Raise :class:`CorruptionError` unless ``images`` is a finite floating (B, 3, H, W) in [0, 1] with one id each."""
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] != 3:
        actual = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise CorruptionError(f"Expected images of shape (B, 3, H, W), got {actual}.")
    if not images.is_floating_point():
        raise CorruptionError(
            f"Expected floating images in [0, 1], got {images.dtype}: divide uint8 images by 255, "
            "or use robustbench_endo.corrupt, which does."
        )
    _check_size(images.shape[-2:])
    _check_range(images)
    _check_ids(ids, images.shape[0])


def check_frames(frames: NDArray[np.uint8], ids: Sequence[str]) -> None:
    """Raise :class:`CorruptionError` unless 8-bit ``frames`` (B, H, W, 3) are large enough and have one id each."""
    _check_size(frames.shape[1:3])
    _check_ids(ids, len(frames))


def _check_size(size: Sequence[int]) -> None:
    if min(size) < MINIMUM_SIDE:
        raise CorruptionError(
            f"Expected images of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, got {size[0]} x {size[1]}."
        )


def _check_range(images: Tensor) -> None:
    if not in_unit_range(images):
        low, high = (float(value) for value in images.detach().aminmax())
        if not (math.isfinite(low) and math.isfinite(high)):
            fix = "replace NaN and infinity first"
        elif low < 0:
            fix = "corrupt images before they are normalised by mean and standard deviation"
        else:
            fix = "divide by the white level first, which is 255 for 8 bits"
        raise CorruptionError(f"Expected finite image values in [0, 1], got {low:g} to {high:g}: {fix}.")


def _check_ids(ids: Sequence[str], count: int) -> None:
    if isinstance(ids, str) or len(ids) != count:
        actual = "one string" if isinstance(ids, str) else f"{len(ids)} ids"
        raise CorruptionError(f"Expected one id for each of the {count} images, got {actual}.")
    names = [normalize_id(name) for name in ids]
    if len(set(names)) != len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise CorruptionError(f"Expected ids that differ within a batch, got {repeated[0]!r} more than once.")
