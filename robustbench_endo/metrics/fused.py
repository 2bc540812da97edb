"""Where the Triton kernels of the metrics run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from importlib.util import find_spec

import torch


@lru_cache(maxsize=16)
def fused(device: torch.device) -> bool:
    """True on a GPU for which Triton compiles and counts right; elsewhere plain torch gives the same numbers."""
    if device.type != "cuda" or find_spec("triton") is None:
        return False
    try:
        from robustbench_endo.metrics import surface_triton

        sites = torch.tensor([[[255], [1], [255], [255]]], dtype=torch.uint8, device=device)
        pair = torch.tensor([0], device=device)
        with launching(device):
            steps = surface_triton.steps_to_site(sites, pair, pair + 1).flatten().tolist()
    except Exception:  # noqa: BLE001 (a compiler may fail in any way; none of them is the user's fault)
        return False
    return steps == [1, 0, 1, 2]


def launching(device: torch.device) -> AbstractContextManager[object]:
    """Within it, kernels are launched on ``device``, which may not be the current GPU."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
