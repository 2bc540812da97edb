"""Which GPU a kernel is launched on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def launching(device: torch.device) -> AbstractContextManager[object]:
    """Within it, kernels are launched on ``device``, which may not be the current GPU."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
