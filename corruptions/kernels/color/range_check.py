"""The two passes that every image goes through: checking that it is in [0, 1], and clamping it to [0, 1]."""

from __future__ import annotations

from collections.abc import MutableMapping

import numpy as np
import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from robustbench_endo.corruptions.kernels.backend import Floats, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit

_CHECKED: MutableMapping[Tensor, int] = WeakTensorKeyDictionary()
"""Tensors that were in range, and their version at that time: one frame is corrupted in many ways."""


def in_unit_range(images: Tensor) -> bool:
    """Whether every value is finite and in [0, 1]; cached until torch changes the tensor."""
    # Tensors of inference mode have no version.
    version = None if images.is_inference() else images._version
    if version is not None and _CHECKED.get(images) == version:
        return True
    inside = _check(images)
    if inside and version is not None:
        _CHECKED[images] = version
    return inside


def _check(images: Tensor) -> bool:
    if use_numba(images.device) and images.dtype == torch.float32 and images.is_contiguous():
        return bool(_in_unit_range(images.detach().numpy().reshape(-1)))
    low, high = images.detach().aminmax()
    return bool((low >= 0) & (high <= 1))


def clamp_to_unit_range(images: Tensor, source: Tensor) -> Tensor:
    """``images`` clamped to [0, 1], in place unless they share the memory of ``source``."""
    if images.untyped_storage().data_ptr() == source.untyped_storage().data_ptr():
        return images.clamp(0.0, 1.0)
    return images.clamp_(0.0, 1.0)


@njit(cache=True, nogil=True)
def _in_unit_range(values: Floats) -> bool:
    # In blocks: the inner loop is vectorised, and an invalid image is detected early. NaN fails both comparisons.
    for start in range(0, len(values), 4096):
        outside = np.int32(0)
        block = values[start : start + 4096]
        for i in range(len(block)):
            inside = (block[i] >= np.float32(0)) & (block[i] <= np.float32(1))
            outside += np.int32(0) if inside else np.int32(1)
        if outside > 0:
            return False
    return True
