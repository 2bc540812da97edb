"""The base class: scaling to the image, checks of what a plug-in returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import Category, Corruption, Noise, Px
from robustbench_endo.corruptions.base import scaled, units
from robustbench_endo.errors import RobustEndoError


@dataclass(frozen=True)
class ShadowParams:
    width: Px
    depth: Annotated[float, "share"] = 0.5


@dataclass(frozen=True)
class Shadow(Corruption):
    name: ClassVar[str] = "shadow"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "an instrument before the light"
    citation: ClassVar[str] = "none"
    severities: tuple[ShadowParams, ...] = tuple(ShadowParams(float(width)) for width in (8, 16, 24, 32, 40))

    def apply(self, images: Tensor, params: ShadowParams, noise: Noise) -> Tensor:
        damaged = images.clone()
        damaged[..., : round(params.width)] *= 1 - params.depth
        return damaged


class Wrong(Shadow):
    def apply(self, images: Tensor, params: ShadowParams, noise: Noise) -> Tensor:
        return images[..., :-1]


class Nothing(Shadow):
    def apply(self, images: Tensor, params: ShadowParams, noise: Noise) -> Tensor:
        return None


@pytest.mark.parametrize(("size", "reference_size", "width"), [(128, 256, 4), (512, 256, 16), (512, None, 8)])
def test_lengths_follow_the_short_side(size: int, reference_size: int | None, width: int) -> None:
    damaged = Shadow()(torch.ones(1, 3, size, size + 64), 1, ["a"], reference_size=reference_size).images
    assert int((damaged[0, 0, 0] < 1).sum()) == width


def test_only_lengths_are_scaled() -> None:
    assert scaled(ShadowParams(8.0), (512, 600), 256) == ShadowParams(16.0, 0.5)
    assert units(ShadowParams) == {"width": "px", "depth": "share"}


def test_no_gradient_flows_back() -> None:
    images = torch.ones(1, 3, 64, 64, requires_grad=True)
    assert not Shadow()(images, 1, ["a"]).images.requires_grad


def test_result_of_another_shape_is_refused() -> None:
    with pytest.raises(RobustEndoError, match=r"shadow: expected apply to return shape \(1, 3, 64, 64\).*got .*63"):
        Wrong()(torch.ones(1, 3, 64, 64), 1, ["a"])


def test_result_that_is_no_tensor_is_refused() -> None:
    with pytest.raises(RobustEndoError, match="shadow: expected apply to return a tensor, got NoneType"):
        Nothing()(torch.ones(1, 3, 64, 64), 1, ["a"])


def test_five_severities_or_none_at_all() -> None:
    with pytest.raises(RobustEndoError, match="shadow: expected parameters of 5 severities, got 1"):
        Shadow(severities=(ShadowParams(1.0),))
