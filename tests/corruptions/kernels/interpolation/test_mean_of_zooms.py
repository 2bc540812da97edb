"""The mean of resamplings against the resamplings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import linear_at
from robustbench_endo.corruptions.kernels.interpolation.mean_of_zooms import mean_of_zooms
from robustbench_endo.corruptions.kernels.interpolation.resample import resample


def test_mean_of_zooms_is_the_mean_of_the_resamplings() -> None:
    image = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))
    zooms = tuple((linear_at(np.arange(40) * z, 40), linear_at(np.arange(50) * z, 50)) for z in (1.0, 0.9, 0.7))
    expected = torch.stack([resample(image, *zoom) for zoom in zooms]).mean(0)
    assert torch.allclose(mean_of_zooms(image, zooms), expected, atol=1e-6)


def test_zooms_that_reduce_the_width_are_refused() -> None:
    zoom = (linear_at(np.arange(40) * 1.0, 40), linear_at(np.arange(40) * 3.0, 120))
    with pytest.raises(ValueError, match="do not reduce the width"):
        mean_of_zooms(torch.rand(1, 3, 40, 120), (zoom,))
