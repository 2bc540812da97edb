"""Contrast: the mean light stays, the contrast of light is scaled."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from robustbench_endo.corruptions.digital.contrast import Contrast
from robustbench_endo.corruptions.kernels.color.light_contrast import light_curve
from robustbench_endo.corruptions.kernels.color.tone_curve import apply_curves


def test_contrast_keeps_the_mean_light_of_each_channel(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    contrast = Contrast()
    corrupted = contrast.apply(images, contrast.severities[4], None)
    before, after = (apply_curves(x, torch.from_numpy(light_curve())) for x in (images, corrupted))
    assert torch.allclose(after.mean((2, 3)), before.mean((2, 3)), atol=1e-4)
    assert torch.allclose(after.std((2, 3)), contrast.severities[4].factor * before.std((2, 3)), rtol=1e-2)
