"""The similarity around differing pixels equals that of scikit-image over every pixel."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from robustbench_endo.metrics.mask_ssim_cpu import SPAN, image_similarity
from robustbench_endo.metrics.ssim_window import C1


def of_all_pixels(pred, target, c):
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    return structural_similarity((pred == c).astype(float), (target == c).astype(float), **options)


@pytest.mark.parametrize("size", [(SPAN, SPAN), (SPAN + 1, SPAN - 1), (2 * SPAN, 75), (11, 130)])
def test_similarity_equals_scikit_image_at_any_division_in_tiles(label_maps, size):
    for seed in range(3):
        target = label_maps(seed, size=size)[0].numpy()
        pred = target.copy()
        pred[size[0] // 3 :, size[1] // 2 : size[1] // 2 + 3] = seed  # most tiles are equal in most classes
        scores = image_similarity(pred, target, 4)
        for c in np.unique([pred, target]):
            assert scores[c] == pytest.approx(of_all_pixels(pred, target, c), abs=1e-6)


def test_similarity_of_one_differing_pixel_anywhere():
    target = np.zeros((60, 64), np.uint8)
    for y, x in [(0, 0), (59, 63), (5, 5), (31, 32), (36, 41), (37, 42)]:
        pred = target.copy()
        pred[y, x] = 1
        assert image_similarity(pred, target, 2) == pytest.approx([of_all_pixels(pred, target, c) for c in (0, 1)])


def test_similarity_of_opposite_equal_and_absent_classes():
    zeros, ones = np.zeros((50, 90), np.uint8), np.ones((50, 90), np.uint8)
    assert image_similarity(ones, zeros, 3) == pytest.approx([C1 / (1 + C1)] * 2 + [np.nan], nan_ok=True)
    assert image_similarity(ones, ones, 3) == pytest.approx([np.nan, 1, np.nan], nan_ok=True)


def test_ignored_pixels_belong_to_no_class(label_maps):
    pred, target = (label_maps(seed, size=(48, 80))[0].numpy() for seed in (1, 2))
    pred[10:20, 30:60] = target[10:20, 30:60] = 255
    scores = image_similarity(pred, target, 4)
    for c in np.setdiff1d([pred, target], [255]):
        assert scores[c] == pytest.approx(of_all_pixels(pred, target, c), abs=1e-6)
