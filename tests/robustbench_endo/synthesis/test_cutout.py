from __future__ import annotations

import numpy as np

from robustbench_endo.synthesis.cutout import Origin, Source, cut_out, pieces


def cutout(image, mask, factor=1.0):
    (piece,) = pieces(mask, np.ones(mask.shape, bool), joined=True)
    source = Source(image, mask, np.zeros(3, np.float32), (1.0,) * 5)
    return cut_out(source, piece, factor, Origin("a.png", "a", None, 0))


def test_no_tissue_is_left_at_the_edges(draw_tissue, draw_bar):
    image, mask = draw_tissue(0), draw_bar((127, 40), (60, 44))
    image[mask > 0] = 128
    edge = (mask > 0) & (np.roll(mask, 1, 0) == 0)
    image[edge] = (255, 0, 0)  # a halo
    cut = cutout(image, mask)
    assert np.array_equal(np.unique(cut.image[cut.alpha > 0], axis=0), [[128, 128, 128]])


def test_opaque_within_soft_at_the_edge_and_whole_at_the_border(draw_tissue, draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    cut = cutout(draw_tissue(0), mask)
    inside = cut.alpha > 127
    assert 0.75 < inside.sum() / (mask > 0).sum() <= 1
    assert ((cut.alpha > 0) & (cut.alpha < 255)).any()
    assert (cut.alpha[:, -1] == 255).sum() >= 6
    assert set(np.unique(cut.labels)) == {1, 2}


def test_resized_with_its_points(draw_tissue, draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    one, two = cutout(draw_tissue(0), mask), cutout(draw_tissue(0), mask, 2.0)
    assert two.image.shape[:2] == (2 * one.image.shape[0], 2 * one.image.shape[1])
    assert np.allclose(two.body, 2 * one.body)
    assert np.allclose(two.cut, 2 * one.cut)
    assert len(one.cut)
