from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.synthesis.placement import SIDES, sample_placement

SIZE = (96, 128)
VIEW = np.ones(SIZE, bool)


@pytest.fixture
def cutout(make_cutout, draw_tissue, draw_bar):
    return make_cutout(draw_tissue(0), draw_bar((127, 40), (50, 44)))


def placements(cutout, scales=(0.75, 1.35), view=VIEW, count=40):
    sampled = [sample_placement(cutout, view, scales, np.random.default_rng(seed)) for seed in range(count)]
    return [placement for placement in sampled if placement is not None]


def test_sample_placement_moves_the_cut_of_the_old_frame_outside(cutout):
    sampled = placements(cutout)
    assert len(sampled) > 35
    assert {placement.side for placement in sampled} >= {"left", "right", "bottom"}
    for placement in sampled:
        normal = np.array(SIDES[placement.side])
        edge = np.array([SIZE[1], SIZE[0]]) @ np.maximum(normal, 0)
        assert ((placement(cutout.cut) @ normal) >= edge).all()


def test_sample_placement_varies_within_the_scales(cutout):
    sampled = placements(cutout, (0.9, 1.1))
    assert all(0.9 <= placement.scale <= 1.1 for placement in sampled)
    assert {placement.mirrored for placement in sampled} == {True, False}
    assert len({round(placement.degrees) for placement in sampled}) > 20
    for placement in sampled:
        assert np.isclose(abs(np.linalg.det(placement.matrix)), placement.scale**2)


def test_sample_placement_is_none_where_nothing_fits(cutout):
    assert sample_placement(cutout, VIEW, (0.01, 0.02), np.random.default_rng(0)) is None
    assert sample_placement(cutout, np.zeros(SIZE, bool), (1.0, 1.0), np.random.default_rng(0)) is None
