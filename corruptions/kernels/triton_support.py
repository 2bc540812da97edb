"""Detection of a working Triton compiler."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

import torch


@lru_cache(maxsize=16)
def use_triton(device: torch.device) -> bool:
    """Whether Triton kernels run on ``device`` and reproduce a published result.

    Determined once per device by generating the first Philox block. Without Triton, without the C compiler that
    Triton needs, or on an unsupported GPU, callers use plain torch: the same numbers, only slower.

    >>> use_triton(torch.device("cpu"))
    False
    """
    if device.type != "cuda" or find_spec("triton") is None:
        return False
    try:
        from robustbench_endo.corruptions.kernels.rng import philox_triton

        block = philox_triton.random_numbers("words", (0,), 4, 0, device).tolist()
    except Exception:  # noqa: BLE001 (a compiler may fail in any way; none of them is the user's fault)
        return False
    return block == [[0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]]
