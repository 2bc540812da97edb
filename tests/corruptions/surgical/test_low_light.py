"""Low light."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.surgical.light import to_light
from robustbench_endo.corruptions.surgical.low_light import LowLight, LowLightParams


@pytest.mark.parametrize(("value", "read_noise"), [(0.5, 0.0), (0.8, 5.0)])
def test_low_light_has_the_variance_of_photons_and_electronics(value: float, read_noise: float) -> None:
    params = LowLightParams(stops=3.0, gain=3.0, full_well=800.0, read_noise=read_noise)
    images = torch.full((1, 3, 128, 128), value)
    electrons = to_light(LowLight((params,) * 5)(images, 1, ["a"], reference_size=None).images) * 100
    mean = float(to_light(images).mean()) * 100
    assert float(electrons.mean()) == pytest.approx(mean, rel=0.02)
    assert float(electrons.var()) == pytest.approx(mean + read_noise**2, rel=0.05)


def test_low_light_with_less_gain_than_stops_is_darker() -> None:
    images = torch.full((1, 3, 64, 64), 0.7)
    params = LowLightParams(stops=2.0, gain=1.0, full_well=1e6, read_noise=0.0)
    light = to_light(LowLight((params,) * 5)(images, 1, ["a"]).images)
    assert float(light.mean()) == pytest.approx(float(to_light(images).mean()) / 2, rel=0.01)
