"""The base class: scaling to the image, validation of input and output; masks that move with the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.corruptions import (
    Category,
    CorruptedBatch,
    Corruption,
    Noise,
    Px,
    load_suite,
    warp_masks,
)
from robustbench_endo.corruptions.base import parameter_units, scale_lengths
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
        corrupted = images.clone()
        corrupted[..., : round(params.width)] *= 1 - params.depth
        return corrupted


class Wrong(Shadow):
    def apply(self, images: Tensor, params: ShadowParams, noise: Noise) -> Tensor:
        return images[..., :-1]


class Nothing(Shadow):
    def apply(self, images: Tensor, params: ShadowParams, noise: Noise) -> Tensor:
        return None


@pytest.mark.parametrize(("size", "reference_size", "width"), [(128, 256, 4), (512, 256, 16), (512, None, 8)])
def test_corruption_scales_lengths_to_the_short_side(size: int, reference_size: int | None, width: int) -> None:
    corrupted = Shadow()(torch.ones(1, 3, size, size + 64), 1, ["a"], reference_size=reference_size).images
    assert int((corrupted[0, 0, 0] < 1).sum()) == width


def test_scale_lengths_scales_only_pixels() -> None:
    assert scale_lengths(ShadowParams(8.0), (512, 600), 256) == ShadowParams(16.0, 0.5)
    assert parameter_units(ShadowParams) == {"width": "px", "depth": "share"}


def test_corruption_detaches_the_result() -> None:
    images = torch.ones(1, 3, 64, 64, requires_grad=True)
    assert not Shadow()(images, 1, ["a"]).images.requires_grad


def test_corruption_rejects_a_result_of_another_shape() -> None:
    with pytest.raises(RobustEndoError, match=r"shadow: expected apply to return shape \(1, 3, 64, 64\).*got .*63"):
        Wrong()(torch.ones(1, 3, 64, 64), 1, ["a"])


def test_corruption_rejects_a_result_that_is_not_a_tensor() -> None:
    with pytest.raises(RobustEndoError, match="shadow: expected apply to return a tensor, got NoneType"):
        Nothing()(torch.ones(1, 3, 64, 64), 1, ["a"])


def test_corruption_rejects_another_number_of_severities() -> None:
    with pytest.raises(RobustEndoError, match="shadow: expected parameters of 5 severities, got 1"):
        Shadow(severities=(ShadowParams(1.0),))


GOOD = torch.full((2, 3, 40, 40), 0.5)
IDS = ("a", "b")
NAN = GOOD.clone()
NAN[0, 0, 0, 0] = float("nan")

BAD_INPUT = [
    ((GOOD[0], IDS, 1), r"shape \(B, 3, H, W\), got \(3, 40, 40\)"),
    ((GOOD[:, :1], IDS, 1), r"got \(2, 1, 40, 40\)"),
    ((GOOD.numpy(), IDS, 1), "got ndarray"),
    ((GOOD.mul(255).byte(), IDS, 1), r"got torch\.uint8: divide uint8 images by 255"),
    ((GOOD * 255, IDS, 1), r"in \[0, 1\], got 127\.5 to 127\.5"),
    ((GOOD - 1, IDS, 1), r"in \[0, 1\], got -0\.5 to -0\.5: corrupt images before they are norm"),
    ((NAN, IDS, 1), "Expected finite image values .* replace NaN"),
    ((GOOD[..., :31], IDS, 1), "at least 32 x 32 pixels, got 40 x 31"),
    ((GOOD, ("a",), 1), "one id for each of the 2 images, got 1 ids"),
    ((GOOD, "ab", 1), "got one string"),
    ((GOOD, ("a", "a"), 1), "ids that differ within a batch, got 'a' more than once"),
    ((GOOD, IDS, 6), "gaussian_noise: expected a severity from 1 to 5, or 0 for the clean image, got 6"),
    ((GOOD, IDS, -1), "got -1"),
    ((GOOD, IDS, 0.5), r"got 0\.5"),
    ((GOOD, IDS, float("nan")), "got nan"),
    ((GOOD, IDS, True), "got True"),
]


@pytest.mark.parametrize(("call", "text"), BAD_INPUT)
def test_corruption_rejects_bad_input(call: tuple[Any, Any, Any], text: str) -> None:
    images, ids, severity = call
    with pytest.raises(RobustEndoError, match=text):
        load_suite("endo19").corrupt(images, "gaussian_noise", severity, ids)


def test_warp_masks_equals_grid_sample_and_keeps_the_type() -> None:
    torch.manual_seed(0)
    masks = torch.randint(0, 7, (2, 33, 40))
    grid = F.affine_grid(torch.eye(2, 3)[None], [1, 1, 33, 40], align_corners=False)
    assert torch.equal(warp_masks(masks[:1], grid), masks[:1])
    shaken = grid.expand(2, -1, -1, -1) + 0.1 * torch.randn(2, 33, 40, 2)
    expected = F.grid_sample(masks[:, None].double(), shaken.double(), "nearest", "border", align_corners=False)
    warped = warp_masks(masks, shaken)
    assert warped.dtype == masks.dtype
    assert float((warped != expected[:, 0].long()).float().mean()) < 1e-3


def test_corrupted_batch_warps_masks_only_if_it_has_a_grid() -> None:
    masks = torch.randint(0, 7, (1, 48, 64), dtype=torch.uint8)
    images, grid = torch.rand(1, 3, 48, 64), 2.2 * torch.rand(1, 48, 64, 2) - 1.1
    assert torch.equal(CorruptedBatch(images, grid).warp(masks), warp_masks(masks, grid))
    assert CorruptedBatch(images).warp(masks) is masks
