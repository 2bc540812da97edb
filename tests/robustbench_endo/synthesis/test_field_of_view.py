from __future__ import annotations

import numpy as np

from robustbench_endo.synthesis.field_of_view import field_of_view


def test_field_of_view_excludes_black_borders_and_includes_dark_shafts(draw_tissue):
    image = draw_tissue(0)
    image[:6], image[:, -9:] = 16, 3  # video black, and codec black
    image[40:50, 60:] = 0
    view = field_of_view(image)
    assert view[6:, :-9].all()
    assert not view[:5].any()
    assert not view[:, -8:].any()


def test_field_of_view_detects_a_disc(draw_tissue):
    rows, columns = np.indices((96, 128))
    disc = (rows - 48) ** 2 + (columns - 64) ** 2 < 44**2
    view = field_of_view(np.where(disc[..., None], draw_tissue(1), 0).astype(np.uint8))
    assert (view == disc).mean() > 0.98


def test_field_of_view_is_the_whole_frame_without_a_surround(draw_tissue):
    assert field_of_view(np.zeros((40, 60, 3), np.uint8)).all()
    assert field_of_view(draw_tissue(0)).all()
