"""What each digital corruption promises beyond parity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.digital import (
    Contrast,
    ElasticTransform,
    GammaCorrection,
    JpegCompression,
    Pixelate,
    Saturate,
)
from robustbench_endo.corruptions.digital.elastic_transform import Params as Elastic
from robustbench_endo.corruptions.digital.gamma_correction import Params as Gamma
from robustbench_endo.corruptions.digital.jpeg_compression import threshold
from robustbench_endo.corruptions.kernels.jpeg.codec import jpeg_round_trip

Frames = Callable[..., Tensor]


def test_contrast_keeps_the_mean_of_each_channel(frames: Frames) -> None:
    images = frames(1)
    damaged = Contrast()(images, 5, ["a"]).images
    assert torch.allclose(damaged.mean((2, 3)), images.mean((2, 3)), atol=1e-5)
    assert torch.allclose(damaged.std((2, 3)), 0.05 * images.std((2, 3)), rtol=1e-3)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_warping_the_frame_by_the_elastic_grid_gives_the_frame(severity: int, frames: Frames) -> None:
    images = frames(2)
    damage = ElasticTransform()(images, severity, ["a", "b"])
    sample = torch.nn.functional.grid_sample
    warped = sample(images, damage.grid, padding_mode="reflection", align_corners=False)
    assert torch.allclose(warped, damage.images, atol=1e-4)


def test_a_mask_warped_by_the_elastic_grid_follows_the_frame() -> None:
    mask = torch.zeros(1, 1, 128, 160)
    mask[..., 40:90, 50:110] = 1.0
    damage = ElasticTransform()(mask.expand(-1, 3, -1, -1), 5, ["a"], reference_size=128)
    warped = torch.nn.functional.grid_sample(
        mask, damage.grid, mode="nearest", padding_mode="reflection", align_corners=False
    )
    assert ((damage.images[:, :1] > 0.5) == (warped > 0.5)).float().mean() > 0.995
    assert ((mask > 0.5) == (warped > 0.5)).float().mean() < 0.99


def test_elastic_displacement_is_the_one_it_names_at_every_size() -> None:
    spreads = {}
    for side in (64, 256):
        grids = [ElasticTransform()(torch.rand(1, 3, side, side), 5, [str(i)]).grid for i in range(8)]
        identity = torch.nn.functional.affine_grid(torch.eye(2, 3)[None], [1, 3, side, side], align_corners=False)
        inner = slice(side // 5, -side // 5)
        shift = (torch.cat(grids) - identity)[:, inner, inner] * 128  # reference pixels
        spreads[side] = float(shift.std())
    assert spreads[64] == pytest.approx(spreads[256], rel=0.02)
    assert spreads[256] == pytest.approx(4.5, rel=0.1)


def test_elastic_affine_moves_its_points_within_reach() -> None:
    corruption = ElasticTransform((Elastic(0.0, 0.2, 20.0),) * 5)
    side = 96
    points = torch.tensor([[80.0, 80.0], [80.0, 16.0], [16.0, 16.0]])  # x, y: 32 px around the centre 48
    farthest = 0.0
    for i in range(40):
        grid = corruption(torch.rand(1, 3, side, side), 1, [str(i)], reference_size=None).grid[0]
        sources = (grid + 1) * side / 2
        for point in points:
            # The output pixel that shows the point: the map is affine, so solve it from the grid.
            jacobian = torch.stack((sources[48, 49] - sources[48, 48], sources[49, 48] - sources[48, 48]), dim=1)
            moved = torch.linalg.solve(jacobian, point - sources[48, 48]) + 48.5
            farthest = max(farthest, float((moved - point).abs().max()))
    assert 15.0 < farthest < 20.1


def test_gamma_goes_either_way_and_equal_exponents_fix_it() -> None:
    grey = torch.full((1, 3, 32, 32), 0.5)
    means = {round(float(GammaCorrection()(grey, 3, [str(i)]).images.mean()), 4) for i in range(20)}
    assert means == {round(0.5**1.6, 4), round(0.5**0.44, 4)}
    fixed = GammaCorrection((Gamma(0.8, 0.8),) * 5)
    assert {round(float(fixed(grey, 3, [str(i)]).images.mean()), 4) for i in range(20)} == {round(0.5**0.8, 4)}


def test_gamma_severities_grow_away_from_one() -> None:
    under = [params.under for params in GammaCorrection().severities]
    over = [params.over for params in GammaCorrection().severities]
    assert under == sorted(under)
    assert over == sorted(over, reverse=True)
    assert under[0] > 1 > over[0]


def test_jpeg_at_the_reference_size_is_libjpeg(frames: Frames) -> None:
    images = frames(1)
    assert torch.equal(JpegCompression()(images, 4, ["a"], reference_size=96).images, jpeg_round_trip(images, 10))


@pytest.mark.parametrize("factor", [0.5, 2, 3])
def test_jpeg_blocks_follow_the_image(factor: float, frames: Frames) -> None:
    images = frames(1)
    reference_size = int(96 / factor)
    damaged = JpegCompression()(images, 5, ["a"], reference_size=reference_size).images
    rows = damaged[0].mean(0).diff(dim=0).abs().mean(1)
    block = int(8 * factor)
    # Interpolation spreads the step between two blocks over the pixels on either side of the edge.
    phase = torch.stack([rows[start::block].mean() for start in range(block)])
    assert int(phase.argmax()) in (block - 1, block - 2, 0)


def test_jpeg_keeps_detail_in_excess_of_half_the_finest_step() -> None:
    images = torch.full((1, 3, 128, 128), 0.2)
    images[..., 64, 64] = 1.0
    damaged = JpegCompression()(images, 1, ["a"], reference_size=32).images
    assert float(damaged[..., 64, 64].mean()) > 0.8 - threshold(25)
    assert threshold(7) > threshold(25) > 0


def test_pixelate_cells_are_flat_and_keep_their_mean(frames: Frames) -> None:
    images = frames(1, 96, 96)
    damaged = Pixelate()(images, 5, ["a"], reference_size=48).images
    cells = damaged.reshape(1, 3, 8, 12, 8, 12)
    assert torch.equal(cells.amax((3, 5)), cells.amin((3, 5)))
    assert torch.allclose(cells[:, :, :, 0, :, 0], images.reshape(1, 3, 8, 12, 8, 12).mean((3, 5)), atol=1e-5)


def test_saturate_keeps_grey_and_value(frames: Frames) -> None:
    images = frames(1)
    grey = images[:, :1].expand(-1, 3, -1, -1)
    assert torch.equal(Saturate()(grey, 5, ["a"]).images, grey)
    damaged = Saturate()(images, 5, ["a"]).images
    assert torch.equal(damaged.amax(1), images.amax(1))
    assert np.all((damaged.amin(1) <= images.amin(1) + 1e-6).numpy())
