"""The table of normal quantiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.rng.distributions import normal_quantiles, normal_quantiles_on


def test_normal_quantiles_are_symmetric_with_unit_variance() -> None:
    quantiles = normal_quantiles().astype(float)
    assert quantiles.shape == (65536,)
    assert np.all(np.diff(quantiles) > 0)
    assert np.allclose(quantiles, -quantiles[::-1], atol=1e-6)
    assert quantiles.std() == pytest.approx(1.0, abs=1e-6)
    assert quantiles[-1] == pytest.approx(4.3, abs=0.05)


def test_normal_quantiles_on_is_the_same_table() -> None:
    assert torch.equal(normal_quantiles_on(torch.device("cpu")), torch.from_numpy(normal_quantiles()))
