from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.background_augment import AugmentedBackground
from robustbench_endo.synthesis.compose import Composite, Layer, background_stats, blend_layer, harmonize, warp_cutout
from robustbench_endo.synthesis.harmonization import sharpness_ladder
from robustbench_endo.synthesis.placement import SIDES, sample_placement
from robustbench_endo.synthesis.utils import luma

SIZE = (96, 128)
VIEW = np.ones(SIZE, bool)


@pytest.fixture
def cutout(make_cutout, draw_tissue, draw_bar):
    return make_cutout(draw_tissue(0), draw_bar((127, 40), (50, 44)))


def placements(cutout, count):
    sampled = (sample_placement(cutout, VIEW, (0.75, 1.35), np.random.default_rng(seed)) for seed in range(count))
    return [placement for placement in sampled if placement is not None]


def test_warp_cutout_reaches_the_border_that_the_instrument_enters_from(cutout):
    borders = {"left": (slice(None), 0), "right": (slice(None), -1), "top": 0, "bottom": -1}
    for placement in placements(cutout, 40):
        solid = warp_cutout(cutout, placement, SIZE).solid
        assert solid[borders[placement.side]].any()
        tip = np.argwhere(solid) @ -np.array(SIDES[placement.side])[::-1]
        assert np.ptp(tip) > 10


def test_warp_cutout_agrees_with_the_transformed_points(cutout):
    for placement in placements(cutout, 10):
        solid = warp_cutout(cutout, placement, SIZE).solid
        points = np.rint(placement(cutout.body)).astype(int)
        inside = ((points >= 1) & (points < [SIZE[1] - 1, SIZE[0] - 1])).all(axis=1)
        assert solid[points[inside, 1], points[inside, 0]].mean() > 0.75


def layer(value=0.5):
    alpha = np.zeros(SIZE, np.float32)
    alpha[40:60, 50:] = 1
    labels = np.where(alpha > 0, 2, 0).astype(np.uint8)
    return Layer(np.full((*SIZE, 3), value, np.float32), alpha, labels)


def test_blend_layer_covers_image_and_labels_and_casts_a_shadow():
    before = Composite(np.full((*SIZE, 3), 0.8, np.float32), np.ones(SIZE, np.uint8))
    after = blend_layer(before, layer(), np.random.default_rng(0))
    solid = layer().solid
    assert (after.labels == np.where(solid, 2, 1)).all()
    assert np.allclose(after.image[solid], 0.5)
    assert after.image[~solid].min() < 0.75
    assert np.allclose(after.image[:10], 0.8)


def test_harmonize_follows_brightness_and_sharpness_of_the_background(cutout, draw_tissue):
    bright = np.clip(draw_tissue(5).astype(np.float32) / 255 * 1.4, 0, 1)
    dark = gaussian_filter(bright, (3, 3, 0)) * 0.3
    cutout = replace(cutout, sharpness=sharpness_ladder(luma(bright), VIEW))
    results = [
        harmonize(layer(), cutout, background_stats(AugmentedBackground(image, VIEW)), np.random.default_rng(0))
        for image in (bright, dark)
    ]
    assert results[1].image.mean() < 0.7 * results[0].image.mean()
    edges = [np.abs(np.diff(result.alpha, axis=0)).max() for result in results]
    assert edges[1] < edges[0]
