"""SSIM of masks in plain torch, compared with the compiled form."""

import pytest
import torch

from robustbench_endo.metrics import mask_ssim
from robustbench_endo.metrics.mask_ssim_gpu import mask_ssim_torch


@pytest.fixture
def maps(label_maps):
    pred = torch.cat([label_maps(i, size=(37, 52)) for i in range(4)])
    target = torch.cat([label_maps(i + 20, size=(37, 52)) for i in range(4)])
    pred[2] = 0
    pred[2, 5, 7] = 3
    target[3, 8:13] = 255
    return pred, target


@pytest.mark.parametrize("memory", [1 << 30, 1], ids=["all at once", "one by one"])
def test_mask_ssim_torch_equals_compiled_ssim(maps, memory):
    pred, target = maps
    ignored = torch.where(target == 255, target, pred)
    expected = mask_ssim_torch(ignored, target, 4, memory)
    torch.testing.assert_close(expected, mask_ssim(pred, target, 4), rtol=0, atol=1e-6, equal_nan=True)
