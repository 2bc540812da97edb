"""Similarity of images in plain torch and by Triton, compared with the compiled form."""

import numpy as np
import pytest
import torch

from robustbench_endo.metrics import CleanReference
from robustbench_endo.metrics.image_similarity_gpu import ReferenceOnDevice

SIZES = [(40, 52), (11, 11), (12, 131)]


def pair(size):
    random = np.random.default_rng(0)
    clean = random.random((2, 3, *size)).astype(np.float32)
    images = np.clip(clean + random.normal(0, 0.1, clean.shape), 0, 1).astype(np.float32)
    return torch.from_numpy(clean), torch.from_numpy(images)


def assert_equal_to_compiled(scores, clean, images):
    ssim, error = scores.cpu()
    compiled = CleanReference(clean)
    torch.testing.assert_close(ssim, compiled.ssim(images), rtol=0, atol=2e-6)
    torch.testing.assert_close(-10 * error.log10(), compiled.psnr(images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_reference_on_device_equals_compiled_similarity(size):
    clean, images = pair(size)
    assert_equal_to_compiled(ReferenceOnDevice(clean).compare(images), clean, images)
    assert ReferenceOnDevice(clean).compare(clean).tolist() == [pytest.approx([1, 1]), [0, 0]]


def test_reference_on_device_ignores_autocast():
    clean, images = pair((20, 30))
    expected = ReferenceOnDevice(clean).compare(images)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ReferenceOnDevice(clean).compare(images), expected)


@pytest.mark.gpu
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("triton", [True, False], ids=["triton", "plain"])
def test_reference_on_a_gpu_equals_compiled_similarity(size, triton, gpu, monkeypatch):
    if not triton:
        monkeypatch.setattr("robustbench_endo.metrics.image_similarity_gpu.use_triton", lambda device: False)
    clean, images = pair(size)
    reference = ReferenceOnDevice(clean.to(gpu))
    assert_equal_to_compiled(reference.compare(images.to(gpu)), clean, images)
    assert torch.equal(reference.compare(images.to(gpu)), reference.compare(images.to(gpu)))
