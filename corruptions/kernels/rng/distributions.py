"""The distributions of random fields, and the table by which words become normal numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.host_values import upload

Distribution = Literal["words", "uniform", "normal"]


@lru_cache(maxsize=1)
def normal_quantiles() -> Floats:
    """Midpoint quantiles of the standard normal distribution, float32 (65536,)."""
    from scipy.special import ndtri

    # They fall short of unit variance by 1e-4: rescaled, so that `std` means what it says.
    quantiles = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(quantiles / quantiles.std(), np.float32)


def keys_on(keys: tuple[int, ...], device: torch.device) -> Tensor:
    """The keys of a batch as an int64 tensor on ``device``, for which the host does not wait; never modify it."""
    return _keys_on(keys, device, torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0)


@lru_cache(maxsize=16)  # the draws of a batch share their keys; the next batch has others
def _keys_on(keys: tuple[int, ...], device: torch.device, stream: int) -> Tensor:
    # For each stream: another one might read the keys before they arrive.
    with torch.inference_mode(False):
        return upload((torch.tensor(keys, dtype=torch.int64),), device)[0]
