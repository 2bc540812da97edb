"""AugMix and PixMix next to the authors' code: numbers recorded from it, with its random draws.

``reference.json`` has the commits of google-research/augmix and andyzoujm/pixmix, the draws that their code made, and
the images that it returned in levels of 255. Their lists of operations were limited to autocontrast and equalize, which
move nothing and draw nothing; here the same two of Pillow take the place of this project's operations.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from robustbench_endo.training.augmentation import Mixing, PixMix
from robustbench_endo.training.augmentation.augmix import OPERATIONS
from robustbench_endo.training.augmentation.pixmix import MIXINGS

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text())
NAMES = ("autocontrast", "equalize")


def wave_image(phase):
    values = np.sin(np.arange(6 * 8 * 3) * 1.7 + phase).reshape(6, 8, 3).astype(np.float32)
    return ((values * np.float32(0.3) + np.float32(0.4)) * np.float32(255)).round().astype(np.uint8)


def planar(image):
    return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)


class RecordedDraws:
    """A generator that returns what the authors' code has drawn."""

    def __init__(self, draws):
        self.draws = list(draws)

    def _next(self, kind):
        recorded, value = self.draws.pop(0)
        assert recorded == kind
        return value

    def dirichlet(self, alpha):
        return np.array(self._next("dirichlet"))

    def beta(self, a, b):
        return self._next("beta")

    def random(self):
        return self._next("random")

    def integers(self, *limits):
        kind, _ = self.draws[0]
        if kind == "choice":  # of a mixing
            return [mixing.__name__ for mixing in MIXINGS].index(self._next("choice"))
        return self._next("integers")

    def choice(self, names, count=None):
        assert tuple(names) == NAMES
        return self._next("choice") if count is None else [self._next("choice") for _ in range(count)]


@pytest.fixture(autouse=True)
def operations_of_pillow(monkeypatch):
    def through_pillow(operation):
        def changed(image, strength, rng):
            levels = np.rint(image).astype(np.uint8).transpose(1, 2, 0)
            return planar(np.asarray(operation(Image.fromarray(levels))))

        return changed

    for name in tuple(OPERATIONS):
        monkeypatch.delitem(OPERATIONS, name)
    for name in NAMES:
        monkeypatch.setitem(OPERATIONS, name, through_pillow(getattr(ImageOps, name)))


@pytest.mark.parametrize("case", REFERENCE["augmix"], ids=lambda case: f"phase {case['phase']}")
def test_augmix_equals_the_code_of_its_authors(case):
    draws = RecordedDraws(case["draws"])
    mixed = Mixing(operations=NAMES).mix(planar(wave_image(case["phase"])), draws)
    expected = planar(np.array(case["levels"]).reshape(6, 8, 3))
    assert draws.draws == []
    assert np.abs(mixed - expected).max() < 2e-3


@pytest.mark.parametrize("case", REFERENCE["pixmix"], ids=lambda case: f"phase {case['phase']}")
def test_pixmix_equals_the_code_of_its_authors(case):
    draws = RecordedDraws(case["draws"])
    frame, fractal = (planar(wave_image(case["phase"] + shift)) / 255 for shift in (0, 50))
    mixed = PixMix().mix(frame, fractal, draws) * 255
    expected = planar(np.array(case["levels"]).reshape(6, 8, 3))
    assert draws.draws == []
    assert np.abs(mixed - expected).max() < 2e-3


def test_reference_has_every_branch_of_pixmix():
    """Both mixings, both kinds of coefficients, and copies as well as fractals."""
    names = {value for case in REFERENCE["pixmix"] for kind, value in case["draws"] if kind == "choice"}
    assert names == {*NAMES, *(mixing.__name__ for mixing in MIXINGS)}
    assert {value for case in REFERENCE["pixmix"] for kind, value in case["draws"] if kind == "integers"} >= {1, 2, 3}
