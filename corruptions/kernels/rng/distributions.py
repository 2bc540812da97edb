"""The distributions of random fields, and the table by which words become normal numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats

Distribution = Literal["words", "uniform", "normal"]


@lru_cache(maxsize=1)
def normal_quantiles() -> Floats:
    """Midpoint quantiles of the standard normal distribution, float32 (65536,)."""
    from scipy.special import ndtri

    # They fall short of unit variance by 1e-4: rescaled, so that `std` means what it says.
    quantiles = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(quantiles / quantiles.std(), np.float32)


@lru_cache(maxsize=16)
def normal_quantiles_on(device: torch.device) -> Tensor:
    """:func:`normal_quantiles` as a tensor on ``device``."""
    return torch.from_numpy(normal_quantiles()).to(device)
