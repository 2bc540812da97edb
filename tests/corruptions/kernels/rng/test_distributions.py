"""The table of normal quantiles, and keys on a device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.rng.distributions import keys_on, normal_quantiles


def test_normal_quantiles_are_symmetric_with_unit_variance() -> None:
    quantiles = normal_quantiles().astype(float)
    assert quantiles.shape == (65536,)
    assert np.all(np.diff(quantiles) > 0)
    assert np.allclose(quantiles, -quantiles[::-1], atol=1e-6)
    assert quantiles.std() == pytest.approx(1.0, abs=1e-6)
    assert quantiles[-1] == pytest.approx(4.3, abs=0.05)


def test_keys_on_takes_keys_of_63_bits_and_is_computed_once() -> None:
    keys = (0, (1 << 63) - 1)
    tensor = keys_on(keys, torch.device("cpu"))
    assert (tensor.dtype, tensor.tolist()) == (torch.int64, list(keys))
    assert keys_on(keys, torch.device("cpu")) is tensor
