import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import CleanFrame


@pytest.fixture
def pair():
    random = np.random.default_rng(0)
    clean = random.random((3, 40, 52)).astype(np.float32)
    return clean, np.clip(clean + random.normal(0, 0.1, clean.shape), 0, 1).astype(np.float32)


def test_equals_skimage(pair):
    clean, other = pair
    frame = CleanFrame(torch.from_numpy(clean))
    weights = np.array([0.299, 0.587, 0.114], np.float32)[:, None, None]
    luma = (clean * weights).sum(0).astype(float), (other * weights).sum(0).astype(float)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    assert frame.ssim(torch.from_numpy(other)) == pytest.approx(structural_similarity(*luma, **options), abs=1e-5)
    expected = peak_signal_noise_ratio(clean.astype(float), other.astype(float), data_range=1.0)
    assert frame.psnr(torch.from_numpy(other)) == pytest.approx(expected, abs=1e-5)


def test_equal_pictures(pair):
    frame = CleanFrame(torch.from_numpy(pair[0]))
    assert frame.ssim(torch.from_numpy(pair[0])) == pytest.approx(1)
    assert frame.psnr(torch.from_numpy(pair[0])) == math.inf


def test_bad_shape():
    with pytest.raises(RobustEndoError, match="at least 11 x 11"):
        CleanFrame(torch.zeros(3, 5, 20))
