from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.harmonization import (
    BLURS,
    contact_shadow,
    gains,
    matching_blur,
    shading,
    sharpness,
    sharpness_ladder,
)
from robustbench_endo.synthesis.utils import luma

ALL = np.ones((96, 128), bool)


def test_gains_follow_the_background():
    tissue = np.array([0.5, 0.2, 0.2], np.float32)
    means = [
        np.mean([gains(tissue, tissue * factor, np.random.default_rng(s)) for s in range(50)]) for factor in (0.5, 1, 2)
    ]
    assert means[0] < 0.8 < 0.95 < means[1] < 1.05 < 1.3 < means[2]


def test_shade_is_dark_where_the_background_is_dark():
    image = np.full((96, 128, 3), 0.6, np.float32)
    image[:, 64:] = 0.1
    shade = shading(image, ALL)
    assert shade[:, :20].mean() > 1.1
    assert shade[:, -20:].mean() < 0.8
    assert np.allclose(shading(np.full((96, 128, 3), 0.3, np.float32), ALL), 1, atol=1e-3)


def test_a_crisp_instrument_is_blurred_to_a_soft_background(draw_tissue):
    bright = luma(np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)) / 255
    ladder = sharpness_ladder(bright, ALL)
    assert list(ladder) == sorted(ladder, reverse=True)
    assert matching_blur(ladder, ladder[0]) == 0
    soft = sharpness(gaussian_filter(bright, 1.2), ALL)
    assert matching_blur(ladder, soft) in BLURS[2:4]
    assert matching_blur(ladder, 0.0) == BLURS[-1]


def test_shadow_darkens_beside_the_instrument_only():
    alpha = np.zeros((96, 128), np.float32)
    alpha[40:60, 50:80] = 1
    shade = contact_shadow(alpha, np.random.default_rng(0))
    assert shade.max() <= 1
    assert 0.5 < shade.min() < 0.9
    assert np.allclose(shade[:20, :20], 1)
