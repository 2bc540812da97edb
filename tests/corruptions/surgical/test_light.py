"""Linear light."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.surgical.light import to_light, to_values


def test_light_of_a_value_and_back_is_the_value() -> None:
    levels = (torch.arange(256) / 255).reshape(1, 1, 16, 16)
    assert torch.allclose(to_values(to_light(levels)), levels, atol=2e-4)


def test_values_of_light_above_white_are_white() -> None:
    assert to_values(torch.full((1, 1, 2, 2), 3.0)).eq(1).all()
