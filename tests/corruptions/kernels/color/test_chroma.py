"""Saturation in linear light: agreement of the forms, luminance, gamut, noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.color.chroma import scale_chroma, scale_chroma_bytes, scale_chroma_torch
from robustbench_endo.corruptions.kernels.color.linear_light import to_linear

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def test_scale_chroma_agrees_with_torch_and_levels(frames: Callable[..., Tensor]) -> None:
    images = torch.cat((frames(1), torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))))
    images = (images * 255).round() / 255
    ours = scale_chroma(images, 6.0)
    assert torch.allclose(ours, scale_chroma_torch(images, 6.0), atol=1e-5)
    for image, scaled in zip(images, ours, strict=True):
        levels = scale_chroma_bytes((image * 255).round().byte().permute(1, 2, 0).numpy(), 6.0)
        assert np.abs(levels - (scaled * 255).round().permute(1, 2, 0).numpy()).max() <= 1


def test_scale_chroma_keeps_luminance_within_the_gamut() -> None:
    colour = torch.tensor([0.5, 0.3, 0.35]).reshape(1, 3, 1, 1).expand(1, 3, 32, 32)
    scaled = scale_chroma(colour, 4.0)
    light = [to_linear(x[0, :, 0, 0].double().numpy()) for x in (colour, scaled)]
    assert abs(float(_LUMINANCE @ light[0] - _LUMINANCE @ light[1])) < 1e-3
    assert np.ptp(light[1]) > 1.5 * np.ptp(light[0])
    assert light[1].min() > 0
    assert light[1].max() < 1


def test_scale_chroma_leaves_noise_of_one_level() -> None:
    random = np.random.default_rng(0)
    for grey in (3, 20, 128, 254):
        frame = (grey + random.integers(-1, 2, (32, 32, 3))).astype(np.uint8)
        scaled = scale_chroma_bytes(frame, 20.0)
        assert np.abs(scaled.astype(int) - frame).max() <= 1
