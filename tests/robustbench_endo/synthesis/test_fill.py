from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.synthesis.inpaint import paint_over, pull_push


@pytest.mark.parametrize("size", [(32, 32), (37, 51), (1, 9)])
def test_known_pixels_stay_and_a_constant_is_continued(size):
    known = np.random.default_rng(0).random(size) < 0.3
    known[0, 0] = True
    image = np.full((*size, 3), 0.4, np.float32)
    image[~known] = 9
    assert np.allclose(pull_push(image, known), 0.4, atol=1e-5)


def test_a_slope_is_continued_between_what_is_known():
    slope = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], 64, axis=0)
    known = np.ones((64, 64), bool)
    known[20:44, 20:44] = False
    filled = pull_push(np.where(known[..., None], slope, 0), known)
    assert np.abs(filled - slope).max() < 0.12
    assert np.array_equal(filled[known], slope[known])


def test_painting_over_leaves_no_instrument_and_keeps_the_texture(draw_tissue, draw_bar):
    clean = draw_tissue(3).astype(np.float32) / 255
    tool = draw_bar((127, 40), (60, 44)) > 0
    painted = paint_over(np.where(tool[..., None], 0.0, clean).astype(np.float32), ~tool)
    assert np.array_equal(painted[~tool], clean[~tool])
    assert abs(painted[tool].mean() - clean[tool].mean()) < 0.06
    assert painted[tool].std(axis=0)[0] > 0.4 * clean[tool].std(axis=0)[0]
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_nothing_to_do(draw_tissue):
    image = draw_tissue(0).astype(np.float32) / 255
    for known in (np.ones(image.shape[:2], bool), np.zeros(image.shape[:2], bool)):
        assert paint_over(image, known) is image
