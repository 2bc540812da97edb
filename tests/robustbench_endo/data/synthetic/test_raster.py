import numpy as np
import pytest

from robustbench_endo.data.synthetic.raster import blend_pixel, coverage, pixel_centre, pixel_window, segment_window


def test_pixel_centre_is_symmetric_about_the_frame_centre() -> None:
    centres = [pixel_centre(i, 5, 0.2) for i in range(5)]
    assert centres == pytest.approx([-0.4, -0.2, 0.0, 0.2, 0.4])


def test_pixel_window_contains_the_pixels_within_reach_and_stays_inside() -> None:
    top, bottom, left, right = pixel_window(0.1, -0.2, 0.15, 40, 60)
    for i in range(40):
        for j in range(60):
            x, y = pixel_centre(j, 60, 1 / 40), pixel_centre(i, 40, 1 / 40)
            if np.hypot(x - 0.1, y + 0.2) <= 0.15:
                assert top <= i < bottom
                assert left <= j < right
    assert pixel_window(5.0, 5.0, 100.0, 40, 60) == (0, 40, 0, 60)


def test_segment_window_contains_the_pixels_within_reach_and_stays_inside() -> None:
    top, bottom, left, right = segment_window(-0.2, 0.1, 0.3, -0.1, 0.1, 40, 60)
    for t in np.linspace(0, 1, 11):
        window = pixel_window(-0.2 + 0.5 * t, 0.1 - 0.2 * t, 0.09, 40, 60)
        assert (top, left) <= (window[0], window[2])
        assert bottom >= window[1] - 2
        assert right >= window[3] - 2
    assert segment_window(-9.0, -9.0, 9.0, 9.0, 0.1, 40, 60) == (0, 40, 0, 60)


def test_coverage_is_linear_across_the_outline() -> None:
    assert [coverage(distance, 0.1) for distance in (-1.0, -0.05, 0.0, 0.05, 1.0)] == [1.0, 1.0, 0.5, 0.0, 0.0]


def test_blend_pixel_labels_pixels_that_are_at_least_half_covered() -> None:
    rgb, mask = np.zeros((1, 2, 3)), np.zeros((1, 2), np.uint8)
    blend_pixel(rgb, mask, 0, 0, 0.5, 1.0, 0.5, 0.2, 3)
    blend_pixel(rgb, mask, 0, 1, 0.4, 1.0, 0.5, 0.2, 3)
    assert mask.tolist() == [[3, 0]]
    assert rgb[0, 0] == pytest.approx([0.5, 0.25, 0.1])
