"""Similarity of images in plain torch, compared with the compiled form."""

import numpy as np
import pytest
import torch

from robustbench_endo.metrics import CleanReference
from robustbench_endo.metrics.image_similarity_gpu import ReferenceOnDevice


@pytest.mark.parametrize("size", [(40, 52), (11, 11), (12, 31)])
def test_reference_on_device_equals_compiled_similarity(size):
    random = np.random.default_rng(0)
    clean = random.random((2, 3, *size)).astype(np.float32)
    images = torch.from_numpy(np.clip(clean + random.normal(0, 0.1, clean.shape), 0, 1).astype(np.float32))
    plain, compiled = ReferenceOnDevice(torch.from_numpy(clean)), CleanReference(torch.from_numpy(clean))
    torch.testing.assert_close(plain.ssim(images), compiled.ssim(images), rtol=0, atol=1e-6)
    decibels = -10 * plain.squared_error(images).log10()
    torch.testing.assert_close(decibels, compiled.psnr(images), rtol=0, atol=1e-5)
