"""Specular glare."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.specular_glare import SpecularGlare


def test_specular_glare_spreads_highlights_of_the_image() -> None:
    dark = torch.full((1, 3, 64, 64), 0.3)
    lit = dark.clone()
    lit[..., 30:33, 30:33] = 1
    change = (SpecularGlare()(lit, 4, ["a"]).images - SpecularGlare()(dark, 4, ["a"]).images)[0, 1]
    assert change[28, 31] > 0.05
    assert change[28, 31] > change[20, 31]


def test_specular_glare_over_exposes_near_the_brightest_tissue() -> None:
    images = torch.full((1, 3, 64, 64), 0.3)
    images[..., 44:, 44:] = 0.5
    change = SpecularGlare()(images, 5, ["a"]).images - images
    assert change[..., 40:, 40:].mean() > 3 * change[..., :20, :20].mean()
    assert change.min() > -1e-3
