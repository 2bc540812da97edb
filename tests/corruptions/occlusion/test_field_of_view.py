"""The field of view of circular, full and black frames."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.occlusion.field_of_view import border_mask, border_mask_torch, field_of_view_mask


def disk(radius: float, height: int = 128, width: int = 160) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height) - height / 2, torch.arange(width) - width / 2, indexing="ij")
    return (y * y + x * x < radius**2).float()


@pytest.mark.parametrize("radius", [60, 75, 95])
def test_field_of_view_mask_is_the_disk_whatever_is_dark_inside(radius: int) -> None:
    images = disk(radius)[None, None].repeat(1, 3, 1, 1) * 0.5
    images[..., 50:80, 60:90] = 0.0
    assert torch.equal(field_of_view_mask(images)[0, 0], disk(radius))


def test_field_of_view_mask_of_full_and_black_frames_is_all_ones() -> None:
    for images in (torch.full((1, 3, 64, 80), 0.4), torch.zeros(1, 3, 64, 80)):
        assert field_of_view_mask(images).min() == 1


def test_border_mask_compiled_equals_torch() -> None:
    black = (torch.rand(3, 1, 40, 57, generator=torch.Generator().manual_seed(0)) < 0.8).to(torch.int32)
    black[1], black[2] = 1, 0
    assert torch.equal(border_mask(black), border_mask_torch(black))
    assert border_mask(black)[1].min() == 1
    assert border_mask(black)[2].max() == 0
