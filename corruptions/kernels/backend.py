"""Selection of the code path of a kernel, array types, and conversion between tensors and numpy planes.

Each kernel exists in up to three forms with the same results: compiled by numba for the CPU, plain torch for any
device, and Triton for GPUs (see :mod:`robustbench_endo.corruptions.kernels.triton_support`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Bytes = NDArray[np.uint8]

Floats = NDArray[np.float32]

Doubles = NDArray[np.float64]

Indices = NDArray[np.int64]

Indices32 = NDArray[np.int32]

Scalar = float | np.float32
"""A number that is passed as float32 where a compiled kernel must not widen its sums to float64."""


def use_numba(device: torch.device) -> bool:
    """Whether tensors on ``device`` are processed by the kernels compiled for the CPU."""
    return device.type == "cpu"


def to_planes(images: Tensor) -> Floats:
    """The channels of CPU ``images`` (B, C, H, W) as one contiguous float32 array (B*C, H, W)."""
    planes: Floats = images.detach().to(torch.float32).contiguous().numpy()
    return planes.reshape(-1, *images.shape[-2:])


def from_planes(planes: Floats, images: Tensor) -> Tensor:
    """Inverse of :func:`to_planes`: (B*C, h, w) as a tensor (B, C, h, w) with the B and C of ``images``."""
    return torch.from_numpy(planes).reshape(*images.shape[:-2], *planes.shape[-2:])


def on_device(device: torch.device) -> AbstractContextManager[object]:
    """Context in which kernels are launched on ``device``, which need not be the current GPU."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Context in which operations on ``device`` and on the CPU keep the types of their operands.

    Within a caller's ``torch.autocast`` matrix products and convolutions would be computed with the 8 bits of bfloat16.

    >>> with torch.autocast("cpu", torch.bfloat16), without_autocast(torch.device("cpu")):
    ...     (torch.eye(2) @ torch.eye(2)).dtype
    torch.float32
    """
    kinds = ("cpu",) if device.type == "cpu" else ("cpu", device.type)
    active = [kind for kind in kinds if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)]
    if not active:
        return nullcontext()
    stack = ExitStack()
    for kind in active:
        stack.enter_context(torch.autocast(kind, enabled=False))
    return stack
