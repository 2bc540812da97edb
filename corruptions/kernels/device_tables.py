"""Tables that are computed on the host and uploaded once per device.

An upload waits for everything that the device still has to do: a corruption that uploads its tables in every call
cannot run ahead of the device. Indices must come from the host for another reason: CUDA divides by a Python number by
multiplying with its reciprocal, which puts positions on an edge on the other side of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


@lru_cache(maxsize=2048)  # the 19 corruptions have some 300 tables for a size of image, of 30 KB on average
def device_table(table: Callable[..., NDArray[Any]], device: torch.device, *arguments: Hashable) -> Tensor:
    """The array ``table(*arguments)`` as a tensor on ``device``, the same object in every call; never modify it.

    Tables stay on the device: what describes every pixel is made from tables of the rows and of the columns. The
    upload has ended when this function returns, so that any stream may read the tensor.

    Args:
        table: a function whose result depends on its arguments only.
        device: device of the tensor.
        *arguments: arguments of ``table``; objects without equality count by identity.

    >>> import numpy as np
    >>> device_table(np.arange, torch.device("cpu"), 3)
    tensor([0, 1, 2])
    """
    with torch.inference_mode(False):  # else no later call could use it with gradients
        return torch.from_numpy(table(*arguments)).to(device)
