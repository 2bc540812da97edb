"""Gamma correction: its direction, its order, and its slope in black."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.digital.gamma_correction import (
    GammaCorrection,
    GammaCorrectionParams,
    gamma_curve,
    is_under_exposed,
)
from robustbench_endo.corruptions.rng import Noise


def test_gamma_correction_goes_either_way_unless_exponents_are_equal() -> None:
    grey = torch.full((1, 3, 32, 32), 0.5)
    gamma = GammaCorrection()
    means = {round(float(gamma(grey, 3, [str(i)]).images.mean()), 4) for i in range(20)}
    assert len(means) == 2
    assert min(means) < 0.5 < max(means)
    fixed = GammaCorrection((GammaCorrectionParams(0.8, 0.8),) * 5)
    assert len({round(float(fixed(grey, 3, [str(i)]).images.mean()), 4) for i in range(20)}) == 1


def test_gamma_correction_has_one_direction_for_all_severities_of_a_key() -> None:
    grey = torch.full((1, 3, 32, 32), 0.5)
    gamma = GammaCorrection()
    for key in range(8):
        noise = Noise((key,), grey.device)
        means = [0.5] + [float(gamma.apply(grey, params, noise).mean()) for params in gamma.severities]
        steps = np.diff(means)
        assert np.all(steps < 0) if bool(is_under_exposed(noise)) else np.all(steps > 0)


def test_gamma_curve_rises_from_black_to_white_without_amplifying_black_noise() -> None:
    for exponent in (0.1, 0.5, 1.0, 1.9):
        curve = gamma_curve(exponent)[0, 0]
        assert abs(float(curve[0])) < 1e-6
        assert abs(float(curve[-1]) - 1) < 1e-6
        assert np.all(np.diff(curve) >= 0)
        assert float(curve[16]) * 255 < 11
    assert np.abs(gamma_curve(1.0)[0, 0] - np.linspace(0, 1, len(gamma_curve(1.0)[0, 0]))).max() < 1e-4


def test_gamma_correction_severities_grow_away_from_one() -> None:
    under = [params.under for params in GammaCorrection().severities]
    over = [params.over for params in GammaCorrection().severities]
    assert under == sorted(under)
    assert over == sorted(over, reverse=True)
    assert under[0] > 1 > over[0]
