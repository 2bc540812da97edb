"""Where the Triton kernels run."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

import torch


@lru_cache(maxsize=16)
def fused(device: torch.device) -> bool:
    """True on a GPU for which Triton compiles and gives the published numbers; elsewhere plain torch does.

    Found out once a device by making a field. Without Triton, without the C compiler that it needs, or on a GPU that
    it does not know, the plain form gives the same numbers, only slower.
    """
    if device.type != "cuda" or find_spec("triton") is None:
        return False
    try:
        from robustbench_endo.corruptions.kernels.rng import philox_triton

        made = philox_triton.words((0,), 4, 0, device).tolist()
    except Exception:  # noqa: BLE001 (a compiler may fail in any way; none of them is the user's fault)
        return False
    return made == [[0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]]
