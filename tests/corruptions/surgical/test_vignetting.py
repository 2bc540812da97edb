"""Vignetting."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.surgical.light import to_light
from robustbench_endo.corruptions.surgical.vignetting import Vignetting


@pytest.mark.parametrize("severity", [1, 3])
def test_vignetting_darkens_the_corner_by_its_stops(severity: int) -> None:
    light = to_light(Vignetting()(torch.full((1, 3, 65, 81), 0.8), severity, ["a"]).images)[0, 0]
    stops = torch.log2(light[32, 40] / torch.stack([light[0, 0], light[-1, 0], light[0, -1], light[-1, -1]]))
    assert stops.tolist() == pytest.approx([Vignetting().severities[severity - 1].stops] * 4, abs=0.03)
    assert torch.equal(light, light.flip(0))
