import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import CleanReference
from robustbench_endo.metrics.image_similarity import band, ssim_map


@pytest.fixture
def pair():
    random = np.random.default_rng(0)
    clean = random.random((3, 40, 52)).astype(np.float32)
    return clean, np.clip(clean + random.normal(0, 0.1, clean.shape), 0, 1).astype(np.float32)


def test_equals_skimage(pair):
    clean, other = pair
    frames = CleanReference(torch.from_numpy(clean)[None])
    weights = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]
    luma = (clean * weights).sum(0).astype(float), (other * weights).sum(0).astype(float)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    ssim = float(frames.ssim(torch.from_numpy(other)[None]))
    assert ssim == pytest.approx(structural_similarity(*luma, **options), abs=1e-5)
    expected = peak_signal_noise_ratio(clean.astype(float), other.astype(float), data_range=1.0)
    assert float(frames.psnr(torch.from_numpy(other)[None])) == pytest.approx(expected, abs=1e-5)


def test_a_batch_is_its_items(pair):
    batch = torch.from_numpy(np.stack(pair))
    whole = CleanReference(batch)
    for i in (0, 1):
        item = CleanReference(batch[i : i + 1])
        assert whole.ssim(batch.flip(0))[i] == item.ssim(batch[1 - i : 2 - i])[0]
        assert whole.psnr(batch.flip(0))[i] == item.psnr(batch[1 - i : 2 - i])[0]


def test_the_form_for_other_devices_agrees(pair):
    clean, other = (torch.from_numpy(picture)[None] for picture in pair)
    x, y = (0.299 * picture[:, 0] + 0.587 * picture[:, 1] + 0.114 * picture[:, 2] for picture in (clean, other))
    down, across = (band(side, clean.device) for side in x.shape[1:])
    means = [down @ values @ across.T for values in (x, y, x * x, y * y, x * y)]
    score = float(ssim_map(*means).mean())
    assert score == pytest.approx(float(CleanReference(clean).ssim(other)), abs=1e-6)


def test_equal_pictures(pair):
    batch = torch.from_numpy(pair[0])[None]
    assert float(CleanReference(batch).ssim(batch)) == pytest.approx(1)
    assert float(CleanReference(batch).psnr(batch)) == math.inf


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_agrees_with_cpu(pair):
    clean, other = (torch.from_numpy(picture)[None] for picture in pair)
    on_gpu, here = CleanReference(clean.cuda()), CleanReference(clean)
    assert float(on_gpu.ssim(other.cuda())) == pytest.approx(float(here.ssim(other)), abs=1e-5)
    assert float(on_gpu.psnr(other.cuda())) == pytest.approx(float(here.psnr(other)), abs=1e-3)


def test_bad_shape():
    with pytest.raises(RobustEndoError, match="at least 11 x 11"):
        CleanReference(torch.zeros(1, 3, 5, 20))
