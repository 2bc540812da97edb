"""SSIM of masks in plain torch and by Triton, compared with the compiled form."""

import pytest
import torch

from robustbench_endo.metrics import mask_ssim
from robustbench_endo.metrics.mask_ssim_gpu import mask_ssim_gpu, mask_ssim_torch

SIZES = [(11, 11), (12, 75), (42, 43), (37, 52), (74, 75)]


def pairs(label_maps, size):
    """Blobs, a collapsed prediction, one with a single pixel of a class, ignored pixels, and nothing but them."""
    pred = torch.cat([label_maps(i, size=size) for i in range(5)])
    target = torch.cat([label_maps(i + 20, size=size) for i in range(5)])
    pred[1], pred[2] = 3, 0
    pred[2, 5, 7] = 3
    target[3, 3:7] = 255
    target[4] = 255
    return pred, target


def assert_equal_to_compiled(scores, pred, target, classes):
    torch.testing.assert_close(scores.cpu(), mask_ssim(pred, target, classes), rtol=0, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("memory", [1 << 28, 1], ids=["all at once", "one by one"])
def test_mask_ssim_torch_equals_compiled_ssim(label_maps, size, memory):
    pred, target = pairs(label_maps, size)
    scores = mask_ssim_torch(torch.where(target == 255, target, pred), target, 4, memory)
    assert scores[4].isnan().all()
    assert_equal_to_compiled(scores, pred, target, 4)


def test_mask_ssim_torch_of_255_classes_equals_compiled_ssim():
    labels = torch.arange(60 * 50).view(1, 60, 50) // 12 % 255
    pred, target = labels.byte(), labels.roll(2, 2).byte()
    assert_equal_to_compiled(mask_ssim_torch(pred, target, 255), pred, target, 255)


@pytest.mark.gpu
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("triton", [True, False], ids=["triton", "plain"])
def test_mask_ssim_on_a_gpu_equals_compiled_ssim(label_maps, size, triton, gpu, monkeypatch):
    if not triton:
        monkeypatch.setattr("robustbench_endo.metrics.mask_ssim_gpu.use_triton", lambda device: False)
    pred, target = pairs(label_maps, size)
    ignored = torch.where(target == 255, target, pred).to(gpu)
    scores = mask_ssim_gpu(ignored, target.to(gpu), 4)
    assert_equal_to_compiled(scores, pred, target, 4)
    assert torch.equal(scores.nan_to_num(), mask_ssim_gpu(ignored, target.to(gpu), 4).nan_to_num())
