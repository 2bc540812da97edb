"""The mean of linear light, and mixtures with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.color.light_contrast import mean_light, mean_light_bytes, mixture_curves
from robustbench_endo.corruptions.kernels.color.linear_light import to_linear


def test_mean_light_is_the_same_for_levels_and_values(frames: Callable[..., Tensor]) -> None:
    images = frames(1)
    levels = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(mean_light(images)[0].numpy(), mean_light_bytes(levels))
    assert np.abs(mean_light(images)[0, :, 0].numpy() - to_linear(levels / 255).mean((0, 1))).max() < 1e-5


def test_mixture_curves_hold_the_mean_and_the_identity() -> None:
    mean = torch.full((1, 3, 1), 0.2)
    assert torch.allclose(mixture_curves(mean, 0.0), mixture_curves(mean, 0.0)[..., :1])
    identity = mixture_curves(mean, 1.0)[0, 0]
    assert torch.allclose(identity, torch.linspace(0, 1, len(identity)), atol=1e-4)
