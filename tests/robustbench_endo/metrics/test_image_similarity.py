import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import CleanReference


@pytest.fixture
def pair():
    random = np.random.default_rng(0)
    clean = random.random((3, 40, 52)).astype(np.float32)
    return clean, np.clip(clean + random.normal(0, 0.1, clean.shape), 0, 1).astype(np.float32)


def test_clean_reference_equals_skimage(pair):
    clean, other = pair
    frames = CleanReference(torch.from_numpy(clean)[None])
    weights = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]
    luma = (clean * weights).sum(0).astype(float), (other * weights).sum(0).astype(float)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    ssim = float(frames.ssim(torch.from_numpy(other)[None]))
    assert ssim == pytest.approx(structural_similarity(*luma, **options), abs=1e-5)
    expected = peak_signal_noise_ratio(clean.astype(float), other.astype(float), data_range=1.0)
    assert float(frames.psnr(torch.from_numpy(other)[None])) == pytest.approx(expected, abs=1e-5)


def test_clean_reference_scores_each_image_of_a_batch(pair):
    batch = torch.from_numpy(np.stack(pair))
    reference = CleanReference(batch)
    for i in (0, 1):
        item = CleanReference(batch[i : i + 1])
        assert reference.ssim(batch.flip(0))[i] == item.ssim(batch[1 - i : 2 - i])[0]
        assert reference.psnr(batch.flip(0))[i] == item.psnr(batch[1 - i : 2 - i])[0]


def test_clean_reference_of_equal_images(pair):
    batch = torch.from_numpy(pair[0])[None]
    assert float(CleanReference(batch).ssim(batch)) == pytest.approx(1)
    assert float(CleanReference(batch).psnr(batch)) == math.inf


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_clean_reference_on_gpu_equals_cpu(pair):
    clean, other = (torch.from_numpy(image)[None] for image in pair)
    on_gpu, on_cpu = CleanReference(clean.cuda()), CleanReference(clean)
    assert float(on_gpu.ssim(other.cuda())) == pytest.approx(float(on_cpu.ssim(other)), abs=1e-5)
    assert float(on_gpu.psnr(other.cuda())) == pytest.approx(float(on_cpu.psnr(other)), abs=1e-3)


def test_clean_reference_rejects_small_images():
    with pytest.raises(RobustEndoError, match="at least 11 x 11"):
        CleanReference(torch.zeros(1, 3, 5, 20))
