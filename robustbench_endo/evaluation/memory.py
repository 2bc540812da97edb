"""When the memory of a device does not hold a batch: half of it, and so on."""

from __future__ import annotations

from collections.abc import Callable

import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.condition import Part
from robustbench_endo.evaluation.device_batch import DeviceBatch


def in_memory(work: Callable[[DeviceBatch], Part], batch: DeviceBatch, told: Callable[[int], None]) -> Part:
    """``work`` on a batch, in halves where the memory does not hold it.

    Args:
        told: called with the size that may fit, each time one did not.

    Raises:
        RunError: the memory does not even hold one frame.
    """
    failed = _tried(work, batch)
    if isinstance(failed, Part):
        return failed
    if len(batch) == 1:
        raise RunError(
            f"Expected memory for one frame of {tuple(batch.images.shape[2:])} px and all models, found too little "
            f"({failed}): take a smaller --resolution, fewer models at a time, or --device cpu."
        )
    if batch.images.device.type == "cuda":
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    told(middle)
    first, second = batch.at(range(middle)), batch.at(range(middle, len(batch)))
    return in_memory(work, first, told) + in_memory(work, second, told)


def _tried(work: Callable[[DeviceBatch], Part], batch: DeviceBatch) -> Part | str:
    """The records, or what the device said; the error and all that it holds are gone by then."""
    try:
        return work(batch)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return str(error).partition("\n")[0]


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device or the host could not give the memory that was asked for."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
