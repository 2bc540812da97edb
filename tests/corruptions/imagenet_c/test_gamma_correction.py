"""Gamma correction: its direction and its order."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.imagenet_c.gamma_correction import GammaCorrection, GammaCorrectionParams


def test_gamma_correction_goes_either_way_unless_exponents_are_equal() -> None:
    grey = torch.full((1, 3, 32, 32), 0.5)
    means = {round(float(GammaCorrection()(grey, 3, [str(i)]).images.mean()), 4) for i in range(20)}
    assert means == {round(0.5**1.6, 4), round(0.5**0.44, 4)}
    fixed = GammaCorrection((GammaCorrectionParams(0.8, 0.8),) * 5)
    assert {round(float(fixed(grey, 3, [str(i)]).images.mean()), 4) for i in range(20)} == {round(0.5**0.8, 4)}


def test_gamma_correction_severities_grow_away_from_one() -> None:
    under = [params.under for params in GammaCorrection().severities]
    over = [params.over for params in GammaCorrection().severities]
    assert under == sorted(under)
    assert over == sorted(over, reverse=True)
    assert under[0] > 1 > over[0]
