"""Elastic transform: the grid, the displacement, the affine map, and the statistics of imagecorruptions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.digital.elastic_transform import ElasticTransform, ElasticTransformParams

grid_sample = torch.nn.functional.grid_sample


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_elastic_transform_is_the_frame_sampled_at_its_grid(severity: int, frames: Callable[..., Tensor]) -> None:
    images = frames(2)
    batch = ElasticTransform()(images, severity, ["a", "b"])
    warped = grid_sample(images, batch.grid, padding_mode="reflection", align_corners=False)
    assert torch.allclose(warped, batch.images, atol=1e-4)


def test_elastic_transform_grid_moves_a_mask_with_the_frame() -> None:
    mask = torch.full((1, 1, 128, 160), 0.2)  # black would be the surround of a scope
    mask[..., 40:90, 50:110] = 1.0
    batch = ElasticTransform()(mask.expand(-1, 3, -1, -1), 5, ["a"], reference_size=128)
    warped = grid_sample(mask, batch.grid, mode="nearest", padding_mode="reflection", align_corners=False)
    assert ((batch.images[:, :1] > 0.6) == (warped > 0.6)).float().mean() > 0.995
    assert ((mask > 0.6) == (warped > 0.6)).float().mean() < 0.99


def test_elastic_transform_displacement_is_that_of_the_parameters_at_every_size() -> None:
    deviations = {}
    for side in (64, 256):
        grids = [ElasticTransform()(torch.rand(1, 3, side, side), 5, [str(i)]).grid for i in range(48)]
        identity = torch.nn.functional.affine_grid(torch.eye(2, 3)[None], [1, 3, side, side], align_corners=False)
        inner = slice(side // 5, -side // 5)
        shift = (torch.cat(grids) - identity)[:, inner, inner] * 128  # reference pixels
        deviations[side] = float(shift.std())
    assert deviations[64] == pytest.approx(deviations[256], rel=0.02)
    assert deviations[256] == pytest.approx(4.5, rel=0.05)


def test_affine_grid_moves_its_points_within_reach() -> None:
    corruption = ElasticTransform((ElasticTransformParams(0.0, 0.2, 20.0),) * 5)
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


@pytest.mark.parametrize(("severity", "height"), [(1, 256), (5, 256), (3, 160)])
def test_elastic_transform_has_the_statistics_of_imagecorruptions(severity: int, height: int) -> None:
    package = pytest.importorskip("imagecorruptions", reason="extra `imagecorruptions` is not installed")
    ramp = np.linspace(0, 255, 256).round().astype(np.uint8)
    image = np.broadcast_to(ramp[None, :, None], (height, 256, 3)).copy()
    np.random.seed(0)  # noqa: NPY002 - the package draws from numpy's global generator
    theirs = package.corrupt(image, severity, "elastic_transform")[..., 0] + 0.5 - image[..., 0]
    images = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    batch = load_suite("imagenet-c").corrupt(images, "elastic_transform", severity, ["a"])
    ours = (batch.images[0, 0] * 255).numpy() - image[..., 0]
    inner = slice(16, -16)
    a, b = (x[inner, inner] for x in (theirs, ours))
    # One level of the ramp is one pixel; theirs is truncated to integer levels, which adds a variance of 1/12.
    assert (a.var() - 1 / 12) ** 0.5 == pytest.approx(b.std(), rel=0.06)
    for lag in (3, 6, 12):
        assert autocorrelation(a, lag) == pytest.approx(autocorrelation(b, lag), abs=0.08)


def autocorrelation(field: NDArray[np.float64], lag: int) -> float:
    """Correlation of values ``lag`` columns apart."""
    return float(np.corrcoef(field[:, lag:].ravel(), field[:, :-lag].ravel())[0, 1])
