"""Detection of a working Triton compiler, by device, and why there is none."""

from __future__ import annotations

import logging
import threading
from importlib.util import find_spec

import torch

_WORDS = [[0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]]
"""The first block of Philox4x32-10 with the key and the counter 0, as published."""

_failures: dict[torch.device, str | None] = {}
_lock = threading.Lock()


def use_triton(device: torch.device) -> bool:
    """Whether Triton kernels run on ``device`` and reproduce a published result.

    Determined once per device by generating the first Philox block. Without Triton, without the C compiler that
    Triton needs, or on an unsupported GPU, callers use plain torch: the same numbers, only slower. The first failure
    is logged with its reason, see :func:`triton_failure`.

    >>> use_triton(torch.device("cpu"))
    False
    """
    return device.type == "cuda" and triton_failure(device) is None


def triton_failure(device: torch.device) -> str | None:
    """Why Triton kernels do not run on a CUDA device; None where they do, and for other devices, which need none.

    A lack of memory is no property of the device: the next call tries again.

    >>> triton_failure(torch.device("cpu"))
    """
    if device.type != "cuda":
        return None
    if device not in _failures:
        with _lock:  # one thread compiles, others wait for its result
            if device not in _failures:
                failure, final = _detect(device)
                if not final:
                    return failure
                _failures[device] = failure
                if failure is not None:
                    logging.getLogger(__name__).warning(
                        "Cannot use Triton on %s: %s. Plain torch gives the same numbers more slowly.", device, failure
                    )
    return _failures[device]


def _detect(device: torch.device) -> tuple[str | None, bool]:
    """Why Triton does not work, or None, and whether this will stay so."""
    if find_spec("triton") is None:
        return "the package triton is not installed", True
    from robustbench_endo.corruptions.kernels.out_of_memory import is_out_of_memory

    try:
        from robustbench_endo.corruptions.kernels.rng import philox_triton

        block = philox_triton.random_numbers("words", (0,), 4, 0, device).tolist()
    except Exception as error:  # noqa: BLE001 (a compiler may fail in any way; none of them is the user's fault)
        lines = str(error).strip().splitlines() or [""]
        return f"{type(error).__name__}: {lines[0].rstrip('.')[:200]}", not is_out_of_memory(error)
    return (None if block == _WORDS else f"its random numbers are {block} instead of {_WORDS}"), True
