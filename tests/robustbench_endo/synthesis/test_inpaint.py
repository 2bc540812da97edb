from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.synthesis.inpaint import inpaint, pull_push


@pytest.mark.parametrize("size", [(32, 32), (37, 51), (1, 9)])
def test_pull_push_keeps_known_pixels_and_continues_a_constant(size):
    known = np.random.default_rng(0).random(size) < 0.3
    known[0, 0] = True
    image = np.full((*size, 3), 0.4, np.float32)
    image[~known] = 9
    assert np.allclose(pull_push(image, known), 0.4, atol=1e-5)


def test_pull_push_continues_a_slope():
    slope = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], 64, axis=0)
    known = np.ones((64, 64), bool)
    known[20:44, 20:44] = False
    filled = pull_push(np.where(known[..., None], slope, 0), known)
    assert np.abs(filled - slope).max() < 0.12
    assert np.array_equal(filled[known], slope[known])


def test_inpaint_removes_the_instrument_and_keeps_the_texture(draw_tissue, draw_bar):
    clean = draw_tissue(3).astype(np.float32) / 255
    tool = draw_bar((127, 40), (60, 44)) > 0
    painted = inpaint(np.where(tool[..., None], 0.0, clean).astype(np.float32), ~tool)
    assert np.array_equal(painted[~tool], clean[~tool])
    assert abs(painted[tool].mean() - clean[tool].mean()) < 0.06
    assert painted[tool].std(axis=0)[0] > 0.4 * clean[tool].std(axis=0)[0]
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_inpaint_returns_the_image_where_all_or_nothing_is_known(draw_tissue):
    image = draw_tissue(0).astype(np.float32) / 255
    for known in (np.ones(image.shape[:2], bool), np.zeros(image.shape[:2], bool)):
        assert inpaint(image, known) is image
