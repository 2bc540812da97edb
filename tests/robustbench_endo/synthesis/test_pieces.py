from __future__ import annotations

import numpy as np

from robustbench_endo.synthesis.cutout import labels_are_parts, pieces

VIEW = np.ones((96, 128), bool)


def test_parts_stay_together_and_types_apart(draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    assert labels_are_parts([mask])
    (whole,) = pieces(mask, VIEW, joined=True)
    assert np.array_equal(whole.mask, mask > 0)
    assert whole.enters
    shaft, tip = pieces(mask, VIEW, joined=False)
    assert set(mask[shaft.mask]) == {1}
    assert set(mask[tip.mask]) == {2}
    assert shaft.enters
    assert not tip.enters


def test_types_are_told_from_parts(draw_bar):
    apart = np.minimum(draw_bar((127, 20), (80, 20)), 1) + 2 * np.minimum(draw_bar((0, 70), (50, 70)), 1)
    assert not labels_are_parts([apart.astype(np.uint8)])
    assert not labels_are_parts([])


def test_a_slit_does_not_part_an_instrument(draw_bar):
    mask = draw_bar((127, 40), (60, 44)).copy()
    mask[:, 100] = 0
    assert len(pieces(mask, VIEW, joined=True)) == 1


def test_where_the_view_cuts(draw_bar):
    mask = draw_bar((127, 40), (60, 44))
    (piece,) = pieces(mask, VIEW, joined=True)
    assert np.nonzero(piece.cut)[1].min() >= 124
    letterbox = VIEW.copy()
    letterbox[:, 115:] = False
    (boxed,) = pieces(np.where(letterbox, mask, 0).astype(np.uint8), letterbox, joined=True)
    assert boxed.enters


def test_an_instrument_across_the_view_cannot_enter(draw_bar):
    (piece,) = pieces(draw_bar((0, 40), (127, 44)), VIEW, joined=True)
    assert piece.through
    assert not piece.enters


def test_specks_are_none():
    mask = np.zeros((96, 128), np.uint8)
    mask[50:54, 60:64] = 1
    assert pieces(mask, VIEW, joined=True) == []
