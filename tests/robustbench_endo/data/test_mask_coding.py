import numpy as np
import pytest

from robustbench_endo.data.mask_coding import coding_problem, is_unnamed


def counts(*values):
    pixels = np.zeros(256, np.int64)
    pixels[list(values)] = 100
    return pixels


@pytest.mark.parametrize("values", [(0, 1), (0, 1, 2, 255), ()])
def test_coding_problem_accepts_class_indices(values):
    assert coding_problem(counts(*values), ("background", "class 1", "class 2"), named=False) is None


@pytest.mark.parametrize("values", [(0,), (0, 3), (1, 2), (0, 3, 255)])
def test_coding_problem_accepts_rare_classes_that_have_names(values):
    assert coding_problem(counts(*values), ("a", "b", "c", "d"), named=True) is None


@pytest.mark.parametrize(
    ("values", "named", "text"),
    [
        ((255,), True, "got 255 (ignored) in every pixel of every mask"),
        ((0, 255), True, "got only 0 (a) and 255, which means ignored"),
        ((0,), False, "got only 0 (a): every prediction of it would be right"),
        ((0, 3), False, "got 0, 3 without 1, 2: map them, as in --label-map 0=background,3=NAME1,"),
        ((1, 2), False, "got 1, 2 without 0: map them"),
        (range(65), False, "got 65 different values, as images or lossy files have them"),
    ],
)
def test_coding_problem_says_what_is_wrong(values, named, text):
    assert text in coding_problem(counts(*values), ("a", "b", "c", "d"), named=named)


def test_coding_problem_names_the_values_of_nearly_all_pixels():
    pixels = counts(*range(20))
    pixels[[0, 30]] = 100_000
    assert "% of the pixels are 0, 30: a lossy codec may have blurred these" in coding_problem(pixels, (), named=False)
    pixels = counts(*range(200))
    pixels[[0, 70, 160]] = 1_000_000
    text = "as in --label-map 0-35=background,36-115=NAME1,116-255=NAME2."
    assert coding_problem(pixels, (), named=False).endswith(text)


def test_is_unnamed_is_true_for_numbers_only():
    assert [is_unnamed(name) for name in ("class 3", "class a", "shaft")] == [True, False, False]
