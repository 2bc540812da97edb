from __future__ import annotations

import numpy as np
from PIL import Image

from robustbench_endo.synthesis.background_augment import augment_background, soft_aperture, warp_affine
from robustbench_endo.synthesis.backgrounds import Background

SIZE = (96, 128)


def test_augment_background_fills_the_frame_with_varied_tissue(draw_tissue):
    background = Background(draw_tissue(0, (120, 160)), np.ones((120, 160), bool))
    images = [augment_background(background, SIZE, np.random.default_rng(seed)).image for seed in range(8)]
    for image in images:
        assert image.shape == (*SIZE, 3)
        assert image.dtype == np.float32
        assert image[..., 0].min() > 0.2
    assert np.std([image.mean() for image in images]) > 0.02
    same = augment_background(background, SIZE, np.random.default_rng(3)).image
    assert np.array_equal(same, images[3])


def test_augment_background_only_mirrors_the_aperture(draw_tissue):
    view = np.ones(SIZE, bool)
    view[:, :20] = view[:10] = False
    background = Background(draw_tissue(0), view)
    expected = {view[::y, ::x].tobytes() for x in (1, -1) for y in (1, -1)}
    views = {augment_background(background, SIZE, np.random.default_rng(seed)).view.tobytes() for seed in range(20)}
    assert views == expected


def test_soft_aperture_is_smooth_at_the_edge():
    view = np.zeros((20, 30), bool)
    view[:, 10:] = True
    soft = soft_aperture(view)
    assert soft[:, :5].max() < 0.01
    assert soft[:, -5:].min() > 0.99
    assert 0.2 < soft[10, 9] < 0.5 < soft[10, 10] < 0.8


def test_warp_affine_maps_pixels_by_the_inverse(draw_tissue):
    image = draw_tissue(0)
    shifted = warp_affine(image, np.eye(2), np.array([5.0, 3.0]), (40, 50), Image.Resampling.NEAREST)
    assert np.array_equal(shifted, image[3:43, 5:55])
    outside = warp_affine(image, np.eye(2), np.array([1000.0, 0.0]), (40, 50), Image.Resampling.NEAREST)
    assert not outside.any()
