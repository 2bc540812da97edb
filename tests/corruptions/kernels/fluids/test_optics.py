"""Absorption and reflection: the compiled forms against the plain ones."""

from __future__ import annotations

import torch

from robustbench_endo.corruptions.kernels.fluids.optics import (
    beer_lambert,
    beer_lambert_torch,
    specular,
    specular_torch,
)


def test_beer_lambert_compiled_agrees_with_torch() -> None:
    share = torch.linspace(0, 1, 128 * 128).reshape(1, 1, 128, 128).repeat(2, 1, 1, 1)
    arguments = (share * 20, 1 - 0.3 * share, torch.cat((share, share), 1), (0.1, 0.7, 0.6), (0.3, 0.02, 0.02))
    assert (beer_lambert(*arguments) - beer_lambert_torch(*arguments)).abs().max() < 1e-5


def test_specular_compiled_agrees_with_torch() -> None:
    layer, ripples = torch.randn(2, 2, 1, 48, 61, generator=torch.Generator().manual_seed(0))
    compiled, plain = (
        torch.cat(function(layer.clamp(min=0.0), ripples, 0.5), dim=1) for function in (specular, specular_torch)
    )
    # The power of 256 in the highlight multiplies a rounding by as much.
    assert (compiled - plain).abs().max() < 1e-4
    assert 0 <= compiled.min() < 0.5 < compiled.max() <= 1
    assert (compiled[:, :, layer[0, 0] < 0][0] == 0).all()
