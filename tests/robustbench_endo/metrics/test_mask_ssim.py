import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.metrics import mask_ssim


def reference(p, t):
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    return structural_similarity(p.astype(float), t.astype(float), **options)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("size", [(48, 61), (11, 40), (12, 12)])
def test_mask_ssim_equals_skimage(label_maps, seed, size):
    pred, target = label_maps(seed, size=size), label_maps(seed + 99, size=size)
    scores = mask_ssim(pred, target, 4)[0]
    for c in range(4):
        p, t = (pred[0] == c).numpy(), (target[0] == c).numpy()
        if p.any() or t.any():
            assert float(scores[c]) == pytest.approx(reference(p, t), abs=1e-5)
        else:
            assert np.isnan(float(scores[c]))


def test_mask_ssim_of_small_class_far_from_border():
    pred = torch.zeros(1, 64, 64, dtype=torch.uint8)
    target = pred.clone()
    target[0, 30:33, 30:33] = 1
    scores = mask_ssim(pred, target, 2)[0]
    for c in range(2):
        assert float(scores[c]) == pytest.approx(reference((pred[0] == c).numpy(), (target[0] == c).numpy()), abs=1e-5)


def test_mask_ssim_of_constant_prediction_is_finite(label_maps):
    target = label_maps(2)
    assert bool(mask_ssim(torch.zeros_like(target), target, 4).nanmean(1).isfinite().all())


def test_mask_ssim_rejects_small_masks():
    with pytest.raises(RobustEndoError, match="at least 11 x 11"):
        mask_ssim(torch.zeros(1, 8, 20).byte(), torch.zeros(1, 8, 20).byte(), 2)
