"""Row-by-row enlargement against matrix products."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.fluids.grid import frame_weights
from robustbench_endo.corruptions.kernels.fluids.upsample_rows import upsample_fields
from robustbench_endo.corruptions.kernels.interpolation.resample import resample_torch


@pytest.mark.parametrize("size", [(40, 56), (80, 112), (97, 131), (160, 224), (33, 32)])
def test_upsample_fields_is_resampling(size: tuple[int, int]) -> None:
    fields = torch.rand(2, 3, 40, 56, generator=torch.Generator().manual_seed(0))
    weights = frame_weights(fields.shape, size)
    assert torch.allclose(upsample_fields(fields, *weights), resample_torch(fields, *weights), atol=1e-5)
