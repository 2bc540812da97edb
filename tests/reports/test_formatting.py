"""How names and numbers are printed."""

import math

import pytest

from robustbench_endo.reports.formatting import (
    MISSING,
    counted,
    joined,
    number,
    number_range,
    p_text,
    signed,
    signed_range,
    title,
    with_unit,
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("smoke", "Smoke"), ("jpeg_compression", "JPEG compression"), ("image_ssim", "Image SSIM"), ("", "")],
)
def test_title_of_identifier(name, text):
    assert title(name) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (61.2, "%", "61.20"),
        (28.25, "dB", "28.2"),
        (0.0, "px", "0.00"),
        (math.nan, "%", MISSING),
        (None, "%", MISSING),
        (math.inf, "dB", "∞"),
        (-math.inf, "dB", "-∞"),
    ],
)
def test_number_has_decimals_of_its_unit(value, unit, text):
    assert number(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((1.5, "+1.50"), (-1.5, "−1.50"), (0.001, "0.00"), (-0.001, "0.00")),
        *((-2.68, "−2.68"), (3.0, "+3.00"), (math.inf, "+∞"), (math.nan, MISSING)),
    ],
)
def test_signed_has_no_sign_for_zero(value, text):
    assert signed(value) == text


def test_ranges_are_empty_without_both_ends():
    assert number_range(61.2, 65.3) == "61.20 to 65.30"
    assert signed_range(-1.0, 2.0) == "−1.00 to +2.00"
    assert number_range(math.nan, 1.0) == signed_range(1.0, math.inf) == ""


def test_with_unit_has_one_decimal_and_no_break():
    assert with_unit(61.24) == "61.2\u00a0%"
    assert with_unit(0.12345, "") == "0.123"
    assert with_unit(math.nan) == with_unit(None) == MISSING


def test_joined_and_counted_words():
    assert [joined(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert joined(["a", "b"], "or") == "a or b"
    assert [counted(count, "model") for count in (0, 1, 3)] == ["0 models", "1 model", "3 models"]


def test_p_text_has_no_false_precision():
    assert [p_text(p) for p in (0.0004, 0.0123, 1.0, float("nan"))] == ["<0.001", "0.012", "1.000", "–"]
