"""Random fields from Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

Four 32-bit words are computed from a 64-bit key and a 128-bit counter; the counter here is (block index, stream).
Three modules implement ``random_numbers`` with identical bits: :mod:`.philox_cpu` (numba), :mod:`.philox_triton`
(GPU) and :mod:`.philox_torch` (any device).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.rng import philox_cpu, philox_torch
from robustbench_endo.corruptions.kernels.rng.distributions import Distribution
from robustbench_endo.corruptions.kernels.triton_support import use_triton

RandomNumbers = Callable[[Distribution, Sequence[int], int, int, torch.device], Tensor]


def random_field(
    distribution: Distribution, keys: Sequence[int], shape: Sequence[int], stream: int, device: torch.device
) -> Tensor:
    """Independent random numbers for each key.

    Args:
        distribution: ``"words"``: 32-bit words as int64 in [0, 2^32); ``"uniform"``: float32 in (0, 1), the centres
            of 2^23 equal cells, exact in float32; ``"normal"``: standard normal float32 by inversion, 2^16 quantile
            midpoints (at most 4.3 standard deviations), two numbers per word.
        keys: B keys of at most 63 bits.
        shape: shape of the numbers of one key.
        stream: selects an independent sequence of the same key.
        device: device of the result; the numbers do not depend on it.

    Returns:
        (B, *shape).

    >>> random_field("words", (0,), (2,), stream=0, device=torch.device("cpu")).tolist()
    [[1713891541, 3781805453]]
    """
    numbers = _implementation(device)(distribution, keys, math.prod(shape), stream, device)
    return numbers.reshape(len(keys), *shape)


def _implementation(device: torch.device) -> RandomNumbers:
    if device.type == "cpu":
        return philox_cpu.random_numbers
    if not use_triton(device):
        return philox_torch.random_numbers
    from robustbench_endo.corruptions.kernels.rng import philox_triton

    return philox_triton.random_numbers
