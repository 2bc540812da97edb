"""Models can be distinguished by colour-blind readers, in grey print, and in large numbers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from robustbench_endo.reports.palette import DARK, LIGHT, model_styles

# Machado, Oliveira & Fernandes 2009, severity 1: linear RGB as seen by an eye without one type of cones.
VISION = {
    "trichromat": np.eye(3),
    "protanope": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranope": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanope": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    channels = np.array(list(bytes.fromhex(colour[1:]))) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(TO_XYZ @ np.clip(rgb, 1e-4, 1) / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(first: str, second: str) -> float:
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", VISION)
def test_palette_first_three_colours_differ_for_every_eye(vision):
    colours = [lab(np.asarray(VISION[vision]) @ linear(colour)) for colour in LIGHT[:3]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(colours, 2)) > 30


def test_palette_first_three_colours_differ_in_grey_print():
    lightness = sorted(lab(linear(colour))[0] for colour in LIGHT[:3])
    assert min(np.diff(lightness)) > 10


def test_palette_colours_have_contrast_to_the_page():
    assert min(contrast(colour, "#ffffff") for colour in LIGHT) >= 3
    assert min(contrast(colour, "#14171a") for colour in DARK) >= 4.5


def test_model_styles_of_many_models_differ_by_more_than_colour():
    styles = model_styles([f"model {index}" for index in range(24)]).values()
    assert len({(style.dash, style.marker) for style in styles}) == 24
    assert len({(style.light, style.dash, style.marker) for style in styles}) == 24
