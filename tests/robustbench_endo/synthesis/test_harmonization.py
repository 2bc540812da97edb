from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.harmonization import (
    BLURS,
    colour_gains,
    contact_shadow,
    illumination,
    matching_blur,
    mean_colour,
    sharpness,
    sharpness_ladder,
)
from robustbench_endo.synthesis.utils import luma

ALL = np.ones((96, 128), bool)


def test_colour_gains_follow_the_background():
    tissue = np.array([0.5, 0.2, 0.2], np.float32)
    means = [
        np.mean([colour_gains(tissue, tissue * factor, np.random.default_rng(s)) for s in range(50)])
        for factor in (0.5, 1, 2)
    ]
    assert means[0] < 0.8 < 0.95 < means[1] < 1.05 < 1.3 < means[2]


def test_illumination_is_low_where_the_background_is_dark():
    image = np.full((96, 128, 3), 0.6, np.float32)
    image[:, 64:] = 0.1
    shade = illumination(image, ALL)
    assert shade[:, :20].mean() > 1.1
    assert shade[:, -20:].mean() < 0.8
    assert np.allclose(illumination(np.full((96, 128, 3), 0.3, np.float32), ALL), 1, atol=1e-3)


def test_matching_blur_fits_a_sharp_instrument_to_a_soft_background(draw_tissue):
    bright = luma(np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)) / 255
    ladder = sharpness_ladder(bright, ALL)
    assert list(ladder) == sorted(ladder, reverse=True)
    assert matching_blur(ladder, ladder[0]) == 0
    soft = sharpness(gaussian_filter(bright, 1.2), ALL)
    assert matching_blur(ladder, soft) in BLURS[2:4]
    assert matching_blur(ladder, 0.0) == BLURS[-1]


def test_contact_shadow_darkens_only_near_the_instrument():
    alpha = np.zeros((96, 128), np.float32)
    alpha[40:60, 50:80] = 1
    shade = contact_shadow(alpha, np.random.default_rng(0))
    assert shade.max() <= 1
    assert 0.5 < shade.min() < 0.9
    assert np.allclose(shade[:20, :20], 1)


def test_mean_colour_of_an_empty_area_is_that_of_the_image():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0] = (8, 4, 0)
    area = np.zeros((2, 2), bool)
    assert mean_colour(image, area).tolist() == [2.0, 1.0, 0.0]
    area[0, 0] = True
    assert mean_colour(image, area).tolist() == [8.0, 4.0, 0.0]


def test_sharpness_of_an_empty_area_is_zero():
    assert sharpness(np.ones((4, 4), np.float32), np.zeros((4, 4), bool)) == 0.0
