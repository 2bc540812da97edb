"""Brightness: an exposure in stops, rolled off without flat areas below saturation."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.kernels.color.linear_light import to_linear
from robustbench_endo.corruptions.occlusion.brightness import Brightness, BrightnessParams, exposure_curve


def test_brightness_doubles_dark_light_per_stop() -> None:
    images = torch.tensor([0.02, 0.1, 0.2, 0.3]).reshape(1, 1, 2, 2).repeat(1, 3, 16, 16)
    brighter = Brightness().apply(images, BrightnessParams(1.0), None)
    light = [to_linear(x.double().numpy()) for x in (images, brighter)]
    assert np.abs(light[1] / light[0] - 2).max() < 1e-2


def test_brightness_is_flat_only_where_the_sensor_is_saturated() -> None:
    for stops in (0.5, 1.0, 2.3):
        curve = exposure_curve(stops)[0, 0]
        saturated = to_linear(np.linspace(0, 1, len(curve))) * 2**stops >= 2
        assert np.all(np.diff(curve)[~saturated[1:]] >= 0)
        levels = np.rint(curve[~saturated][::16] * 255)
        assert np.all(np.diff(levels[levels < 230]) > 0)
        assert curve[-1] == 1


def test_brightness_of_no_stops_is_the_identity() -> None:
    curve = exposure_curve(0.0)[0, 0]
    assert np.abs(curve - np.linspace(0, 1, len(curve))).max() < 1e-4


def test_brightness_clips_each_channel_by_itself() -> None:
    images = torch.tensor([0.9, 0.3, 0.4]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)
    brighter = Brightness()(images, 5, ["a"])
    assert float(brighter.images[0, 0, 0, 0]) > 0.99
    assert 0.5 < float(brighter.images[0, 1, 0, 0]) < 0.8
    assert brighter.opacity is None
