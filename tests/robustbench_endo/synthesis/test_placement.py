from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.synthesis.compose import layer
from robustbench_endo.synthesis.cutout import Origin, Source, cut_out, pieces
from robustbench_endo.synthesis.placement import SIDES, place

SIZE = (96, 128)
VIEW = np.ones(SIZE, bool)


@pytest.fixture
def cutout(draw_tissue, draw_bar):
    mask = draw_bar((127, 40), (50, 44))
    (piece,) = pieces(mask, VIEW, joined=True)
    source = Source(draw_tissue(0), mask, np.zeros(3, np.float32), (1.0,) * 5)
    return cut_out(source, piece, 1.0, Origin("a.png", "a", None, 0))


def placements(cutout, scales=(0.75, 1.35), view=VIEW, count=40):
    found = [place(cutout, view, scales, np.random.default_rng(seed)) for seed in range(count)]
    return [where for where in found if where is not None]


def test_what_the_old_frame_cut_off_lies_outside_the_new_one(cutout):
    found = placements(cutout)
    assert len(found) > 35
    assert {where.side for where in found} >= {"left", "right", "bottom"}
    for where in found:
        normal = np.array(SIDES[where.side])
        edge = np.array([SIZE[1], SIZE[0]]) @ np.maximum(normal, 0)
        assert ((where(cutout.cut) @ normal) >= edge).all()


def test_shafts_reach_the_border_that_they_enter_from(cutout):
    borders = {"left": (slice(None), 0), "right": (slice(None), -1), "top": 0, "bottom": -1}
    for where in placements(cutout):
        solid = layer(cutout, where, SIZE).solid
        assert solid[borders[where.side]].any()
        tip = np.argwhere(solid) @ -np.array(SIDES[where.side])[::-1]
        assert np.ptp(tip) > 10


def test_geometry_varies_within_what_was_asked(cutout):
    found = placements(cutout, (0.9, 1.1))
    assert all(0.9 <= where.scale <= 1.1 for where in found)
    assert {where.mirrored for where in found} == {True, False}
    assert len({round(where.degrees) for where in found}) > 20
    for where in found:
        assert np.isclose(abs(np.linalg.det(where.matrix)), where.scale**2)


def test_the_layer_lies_where_the_points_say(cutout):
    for where in placements(cutout, count=10):
        solid = layer(cutout, where, SIZE).solid
        points = np.rint(where(cutout.body)).astype(int)
        inside = ((points >= 1) & (points < [SIZE[1] - 1, SIZE[0] - 1])).all(axis=1)
        assert solid[points[inside, 1], points[inside, 0]].mean() > 0.75


def test_no_place_is_no_error(cutout):
    assert place(cutout, VIEW, (0.01, 0.02), np.random.default_rng(0)) is None
    assert place(cutout, np.zeros(SIZE, bool), (1.0, 1.0), np.random.default_rng(0)) is None
