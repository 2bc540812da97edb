"""Recognition of errors that mean that memory ran out, whichever library raised them."""

from __future__ import annotations

import re

import torch

_MESSAGES = re.compile(
    "|".join(
        (
            "out of memory",  # of CUDA's runtime and driver, of Triton's launcher, of Apple's GPUs
            "_ALLOC_FAILED",  # CUBLAS_STATUS_, CUFFT_, CUDNN_STATUS_ and CUSOLVER_STATUS_
            "_ALLOCATION_FAILED",  # CUDNN_STATUS_INTERNAL_ERROR_DEVICE_, _HOST_
            "DefaultCPUAllocator",
            "Failed to allocate memory",  # onnxruntime
        )
    )
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device or the host could not allocate memory.

    The libraries below torch allocate memory of their own, and each reports a failure in its own words: the same call
    may succeed with a smaller batch.

    >>> is_out_of_memory(RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"))
    True
    >>> is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    False
    """
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and _MESSAGES.search(str(error)) is not None
