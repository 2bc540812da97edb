import numpy as np
import pytest

from robustbench_endo.data.synthetic.view import View, frame_to_tissue, sample_view


def test_frame_to_tissue_maps_the_frame_centre_to_the_centre_of_the_view() -> None:
    assert frame_to_tissue(View(2.0, 3.0, 0.8, 0.6, 1.5, 0.5), 0.0, 0.0) == (2.0, 3.0)


def test_frame_to_tissue_rotates_and_zooms() -> None:
    x, y = frame_to_tissue(View(0.0, 0.0, 0.0, 1.0, 2.0, 0.0), 0.5, 0.0)
    assert (x, y) == pytest.approx((0.0, 1.0))


def test_frame_to_tissue_shows_more_tissue_at_the_far_end() -> None:
    view = View(0.0, 0.0, 1.0, 0.0, 1.0, 0.5)
    top, bottom = (frame_to_tissue(view, 0.5, y)[0] for y in (-0.5, 0.5))
    assert top > bottom


def test_sample_view_has_a_unit_rotation() -> None:
    for seed in range(10):
        view = sample_view(np.random.default_rng(seed))
        assert view.cosine**2 + view.sine**2 == pytest.approx(1)
        assert 0.75 <= view.zoom < 1.25
