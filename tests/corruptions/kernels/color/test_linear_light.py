"""The transfer function of sRGB and the roll-off of highlights."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.corruptions.kernels.color.linear_light import roll_off, to_encoded, to_linear


def test_to_encoded_inverts_to_linear() -> None:
    values = np.linspace(0, 1, 1001)
    assert np.abs(to_encoded(to_linear(values)) - values).max() < 1e-4


@pytest.mark.parametrize("white", [1.0, 1.4, 2.0])
def test_roll_off_rises_to_white_without_a_step(white: float) -> None:
    light = np.linspace(0, white, 20001)
    rolled = roll_off(light, white)
    assert np.all(np.diff(rolled) > -1e-12)
    assert rolled[-1] == pytest.approx(1.0)
    slope = np.diff(rolled) / np.diff(light)
    assert np.abs(np.diff(slope)).max() < 5e-3
    assert slope[0] == pytest.approx(1.0)
