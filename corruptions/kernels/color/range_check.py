"""The two passes that every picture goes through: is it in range, and back into range."""

from __future__ import annotations

from collections.abc import MutableMapping

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from robustbench_endo.corruptions.kernels.backend import Floats, compiled

_SEEN: MutableMapping[Tensor, int] = WeakTensorKeyDictionary()
"""Tensors found within range, and the version at which they were: a frame meets many corruptions."""


def within_unit(images: Tensor) -> bool:
    """True when every value is finite and in [0, 1]; found out once, until torch changes the tensor."""
    # Tensors of inference mode have no version.
    version = None if images.is_inference() else images._version
    if version is not None and _SEEN.get(images) == version:
        return True
    inside = _inside(images)
    if inside and version is not None:
        _SEEN[images] = version
    return inside


def _inside(images: Tensor) -> bool:
    if compiled(images) and images.dtype == torch.float32 and images.is_contiguous():
        return bool(_within_unit(images.detach().numpy().reshape(-1)))
    low, high = images.detach().aminmax()
    return bool((low >= 0) & (high <= 1))


def clamped(images: Tensor, source: Tensor) -> Tensor:
    """``images`` drawn into [0, 1], in place unless they share the memory of ``source``."""
    if images.untyped_storage().data_ptr() == source.untyped_storage().data_ptr():
        return images.clamp(0.0, 1.0)
    return images.clamp_(0.0, 1.0)


@njit(cache=True, nogil=True)
def _within_unit(values: Floats) -> bool:
    # A row at a time: the inner loop is vectorised, a bad picture is found out early. NaN fails both comparisons.
    for start in range(0, len(values), 4096):
        outside = np.int32(0)
        part = values[start : start + 4096]
        for i in range(len(part)):
            inside = (part[i] >= np.float32(0)) & (part[i] <= np.float32(1))
            outside += np.int32(0) if inside else np.int32(1)
        if outside > 0:
            return False
    return True
