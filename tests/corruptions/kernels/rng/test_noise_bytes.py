"""Noise on 8-bit levels against noise on values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.backend import Bytes
from robustbench_endo.corruptions.kernels.color.levels import from_bytes, to_bytes
from robustbench_endo.corruptions.kernels.rng import noise_bytes, noise_ops
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape

PAIRS = {
    "add": (noise_bytes.add_noise_bytes, noise_ops.add_noise),
    "multiply": (noise_bytes.multiply_noise_bytes, noise_ops.multiply_noise),
    "replace": (noise_bytes.salt_and_pepper_bytes, noise_ops.salt_and_pepper),
}


@pytest.mark.parametrize("grain", [0.5, 1.0, 2.7])
@pytest.mark.parametrize("operation", PAIRS)
def test_levels_are_the_rounded_values(operation: str, grain: float) -> None:
    in_bytes, in_values = PAIRS[operation]
    frame = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    shape = (1, *cell_shape((3, 37, 53), grain))
    cells = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    cells = cells if operation == "replace" else 6 * cells - 3
    expected = in_values(torch.from_numpy(from_bytes(frame[None])), cells, 0.3, grain).clamp(0, 1)
    np.testing.assert_array_equal(in_bytes(frame, cells, 0.3, grain), to_bytes(expected.numpy())[0])


@pytest.mark.parametrize("function", [pair[0] for pair in PAIRS.values()])
def test_frames_of_any_strides_are_read_and_not_changed(function: Callable[..., Bytes]) -> None:
    frame = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    copy, cells = frame.copy(), torch.rand(1, 3, 20, 15, generator=torch.Generator().manual_seed(1))
    strided = function(frame[:, ::2], cells, 0.2, 1.0)
    np.testing.assert_array_equal(strided, function(np.ascontiguousarray(frame[:, ::2]), cells, 0.2, 1.0))
    np.testing.assert_array_equal(frame, copy)
