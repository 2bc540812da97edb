from __future__ import annotations

import math

import pytest

from robustbench_endo.corruptions.content_area import ContentArea
from robustbench_endo.corruptions.kernels.content_area.geometry import fill_index, inner_distance, mask


def test_inner_distance_of_a_rectangle_with_round_corners():
    shape = ContentArea(100, 100, 10, 20, 90, 80, corner_x=10, corner_y=10).shape()
    assert inner_distance(50, 50, shape) == 30
    assert inner_distance(5, 50, shape) == -5
    assert inner_distance(20 - 10 * math.sqrt(0.5), 30 - 10 * math.sqrt(0.5), shape) == pytest.approx(0)


def test_inner_distance_of_an_ellipse_is_zero_on_its_edge():
    shape = ContentArea(100, 100, center_x=50, center_y=40, radius_x=30, radius_y=20).shape()
    for angle in range(0, 360, 30):
        x, y = 50 + 30 * math.cos(math.radians(angle)), 40 + 20 * math.sin(math.radians(angle))
        assert inner_distance(x, y, shape) == pytest.approx(0, abs=1e-9)
    assert inner_distance(50, 18, shape) == pytest.approx(-2, rel=0.1)


def test_mask_rises_from_the_edge_over_the_feather():
    values = mask(1, 10, ContentArea(1, 10, left=3, feather=4).shape())[0]
    assert values.tolist() == [0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1]


def test_fill_index_mirrors_at_the_edge_of_a_bar():
    shape = ContentArea(1, 10, left=3).shape()
    assert fill_index(mask(1, 10, shape), shape)[0].tolist() == [5, 4, 3, 3, 4, 5, 6, 7, 8, 9]
