from __future__ import annotations

import numpy as np

from robustbench_endo.synthesis.cutout import find_instruments, labels_are_parts

VIEW = np.ones((96, 128), bool)


def test_find_instruments_merges_parts_and_separates_types(draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    assert labels_are_parts([mask])
    (merged,) = find_instruments(mask, VIEW, merge_labels=True)
    assert np.array_equal(merged.mask, mask > 0)
    assert merged.enters
    shaft, tip = find_instruments(mask, VIEW, merge_labels=False)
    assert set(mask[shaft.mask]) == {1}
    assert set(mask[tip.mask]) == {2}
    assert shaft.enters
    assert not tip.enters


def test_labels_are_parts_is_false_for_separate_types(draw_bar):
    apart = np.minimum(draw_bar((127, 20), (80, 20)), 1) + 2 * np.minimum(draw_bar((0, 70), (50, 70)), 1)
    assert not labels_are_parts([apart.astype(np.uint8)])
    assert not labels_are_parts([])


def test_find_instruments_bridges_a_slit(draw_bar):
    mask = draw_bar((127, 40), (60, 44)).copy()
    mask[:, 100] = 0
    assert len(find_instruments(mask, VIEW, merge_labels=True)) == 1


def test_find_instruments_marks_the_cut_by_the_view(draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    (component,) = find_instruments(mask, VIEW, merge_labels=True)
    assert np.nonzero(component.cut)[1].min() >= 124
    letterbox = VIEW.copy()
    letterbox[:, 115:] = False
    (boxed,) = find_instruments(np.where(letterbox, mask, 0).astype(np.uint8), letterbox, merge_labels=True)
    assert boxed.enters


def test_find_instruments_marks_an_instrument_across_the_view(draw_bar):
    (component,) = find_instruments(draw_bar((0, 40), (127, 44)), VIEW, merge_labels=True)
    assert component.crosses
    assert not component.enters


def test_find_instruments_leaves_out_specks():
    mask = np.zeros((96, 128), np.uint8)
    mask[50:54, 60:64] = 1
    assert find_instruments(mask, VIEW, merge_labels=True) == []


def test_cut_out_has_no_tissue_at_its_edges(make_cutout, draw_tissue, draw_bar):
    image, mask = draw_tissue(0), draw_bar((127, 40), (60, 44))
    image[mask > 0] = 128
    edge = (mask > 0) & (np.roll(mask, 1, 0) == 0)
    image[edge] = (255, 0, 0)  # a halo
    cut = make_cutout(image, mask)
    assert np.array_equal(np.unique(cut.image[cut.alpha > 0], axis=0), [[128, 128, 128]])


def test_cut_out_is_soft_at_the_edge_and_opaque_inside_and_at_the_border(make_cutout, draw_tissue, draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    cut = make_cutout(draw_tissue(0), mask)
    inside = cut.alpha > 127
    assert 0.75 < inside.sum() / (mask > 0).sum() <= 1
    assert ((cut.alpha > 0) & (cut.alpha < 255)).any()
    assert (cut.alpha[:, -1] == 255).sum() >= 6
    assert set(np.unique(cut.labels)) == {1, 2}


def test_cut_out_resizes_image_and_points(make_cutout, draw_tissue, draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    one, two = make_cutout(draw_tissue(0), mask), make_cutout(draw_tissue(0), mask, 2.0)
    assert two.image.shape[:2] == (2 * one.image.shape[0], 2 * one.image.shape[1])
    assert np.allclose(two.body, 2 * one.body)
    assert np.allclose(two.cut, 2 * one.cut)
    assert len(one.cut)
