"""Estimated durations."""

import pytest
import torch

from robustbench_endo.reproduction.cost_estimate import estimate, format_duration, speed_of
from robustbench_endo.reproduction.experiments import cell
from robustbench_endo.reproduction.presets import PAPER


@pytest.mark.slow
def test_estimate_grows_with_the_frames_and_falls_with_the_speed():
    speed = speed_of(torch.device("cpu"))
    assert speed > 0
    trained = cell("MTLESD", "EndoARSS", "TESLA", "DB-MTL")
    few = estimate(trained, PAPER.settings(trained), 100, 10, 2, 100.0)
    assert estimate(trained, PAPER.settings(trained), 200, 10, 2, 100.0).training > 1.9 * few.training
    assert estimate(trained, PAPER.settings(trained), 100, 10, 2, 1000.0).training < few.training
    # 48.5 GMACs per frame, five passes of 100 frames for 200 epochs, at 100 G per second
    assert few.training == pytest.approx(200 * 100 * 5 * 0.485, rel=0.05)


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (720, "12 min"), (12240, "3.4 h"), (440640, "5.1 days")])
def test_format_duration_uses_a_suitable_unit(seconds, text):
    assert format_duration(seconds) == text
