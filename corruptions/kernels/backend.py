"""Where a kernel runs: compiled on the CPU, plain torch on every other device."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]

Doubles = NDArray[np.float64]

Indices = NDArray[np.int64]

Scalar = float | np.float32  # float32 where a kernel must not widen its sums


def compiled(images: Tensor) -> bool:
    """True when ``images`` live where the compiled kernels do."""
    return images.device.type == "cpu"


def planes(images: Tensor) -> Floats:
    """The channels of CPU ``images`` (B, C, H, W) as one contiguous float32 stack (B*C, H, W)."""
    stack: Floats = images.detach().to(torch.float32).contiguous().numpy()
    return stack.reshape(-1, *images.shape[-2:])


def batch(stack: Floats, images: Tensor) -> Tensor:
    """The inverse of :func:`planes`: (B*C, h, w) as a tensor (B, C, h, w) shaped like ``images``."""
    return torch.from_numpy(stack).reshape(*images.shape[:-2], *stack.shape[-2:])


def launching(device: torch.device) -> AbstractContextManager[object]:
    """Within it, kernels are launched on ``device``, which may not be the current GPU."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
