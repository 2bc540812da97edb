"""The lattice, the content area and the exact mean."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.fluids.grid import to_frame, to_lattice
from robustbench_endo.corruptions.occlusion.coarse_grid import Lattice, mean
from robustbench_endo.corruptions.occlusion.field_of_view import content_area, surround, surround_torch


@pytest.mark.parametrize("size", [(32, 32), (256, 320), (1024, 1280), (480, 270), (47, 65)])
def test_short_side_is_always_the_same(size: tuple[int, int]) -> None:
    lattice = Lattice.of(size)
    assert min(lattice.rows, lattice.columns) == 256
    assert lattice.rows / lattice.columns == pytest.approx(size[0] / size[1], rel=0.01)
    assert to_lattice(torch.rand(1, 3, *size), lattice.size).shape == (1, 3, *lattice.size)
    assert to_frame(torch.rand(1, 1, *lattice.size), size).shape == (1, 1, *size)


def test_coordinates_are_centred_and_the_corners_are_at_radius_1() -> None:
    lattice = Lattice.of((256, 320))
    x, y = lattice.coordinates(torch.device("cpu"))
    assert x.sum() == y.sum() == 0
    assert lattice.radius(torch.device("cpu"))[0, 0, 0] == pytest.approx(1, abs=0.01)


def disk(radius: float, height: int = 128, width: int = 160) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height) - height / 2, torch.arange(width) - width / 2, indexing="ij")
    return (y * y + x * x < radius**2).float()


@pytest.mark.parametrize("radius", [60, 75, 95])
def test_content_is_the_disk_whatever_is_dark_inside(radius: int) -> None:
    images = disk(radius)[None, None].repeat(1, 3, 1, 1) * 0.5
    images[..., 50:80, 60:90] = 0.0
    assert torch.equal(content_area(images)[0, 0], disk(radius))


def test_full_and_black_frames_are_all_content() -> None:
    for images in (torch.full((1, 3, 64, 80), 0.4), torch.zeros(1, 3, 64, 80)):
        assert content_area(images).min() == 1


def test_mean_is_exact_whatever_the_order() -> None:
    fields = torch.rand(2, 3, 100, 130, generator=torch.Generator().manual_seed(0)) * 10 - 4
    assert torch.allclose(mean(fields).flatten(1), fields.double().mean((-2, -1)).float(), atol=1e-6)
    assert torch.equal(mean(fields), mean(fields.flip(-1)))


def test_mean_of_both_forms_is_the_same_number(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = torch.randn(2, 3, 40, 57, generator=torch.Generator().manual_seed(0)) * 3
    compiled = mean(fields)
    monkeypatch.setattr("robustbench_endo.corruptions.occlusion.coarse_grid.compiled", lambda images: False)
    assert torch.equal(mean(fields), compiled)


def test_surround_of_both_forms_is_the_same() -> None:
    black = (torch.rand(3, 1, 40, 57, generator=torch.Generator().manual_seed(0)) < 0.8).to(torch.int32)
    black[1], black[2] = 1, 0
    assert torch.equal(surround(black), surround_torch(black))
    assert surround(black)[1].min() == 1
    assert surround(black)[2].max() == 0
