"""Elastic transform in two interpolations against SciPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from torch import Tensor

from robustbench_endo.corruptions.digital.elastic_transform import affine_grid, displaced_grid
from robustbench_endo.corruptions.imagenet_c.elastic_transform import ElasticTransform, fold
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid
from robustbench_endo.corruptions.rng import Noise


@pytest.mark.parametrize("severity", [1, 2, 5])
def test_elastic_transform_interpolates_and_mirrors_as_scipy(severity: int, frames: Callable[..., Tensor]) -> None:
    images = frames(1, 96, 128)
    corruption = ElasticTransform()
    params, noise = corruption.severities[severity - 1], Noise((severity,), images.device)
    straight = affine_grid(identity_grid(96, 128, images.device), (96, 128), params.affine, noise)
    once = sample(images[0].double().numpy(), straight, "mirror")
    twice = sample(once, displaced_grid(images, params, noise), "reflect")
    assert np.abs(corruption.apply(images, params, noise).images[0].numpy() - twice).max() < 1e-3


def sample(image: NDArray[np.float64], grid: Tensor, mode: str) -> NDArray[np.float64]:
    """SciPy's linear interpolation of (C, H, W) at a grid."""
    size = torch.tensor(image.shape[:0:-1])
    x, y = ((grid[0].double() + 1) * size / 2 - 0.5).permute(2, 0, 1).numpy()
    return np.stack([map_coordinates(channel, (y, x), order=1, mode=mode) for channel in image])


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_elastic_transform_grid_is_the_composition_of_both_steps(severity: int) -> None:
    # Interpolation does not change a ramp, except within a pixel of the folds of mirrored edges.
    y, x = torch.meshgrid(torch.linspace(0, 1, 96), torch.linspace(0, 1, 96), indexing="ij")
    images = torch.stack((x, y, x))[None]
    batch = ElasticTransform()(images, severity, ["a"], reference_size=None)
    expected = torch.nn.functional.grid_sample(images, batch.grid, padding_mode="border", align_corners=False)
    assert ((batch.images - expected).abs() < 1e-3).float().mean() > 0.94
    assert batch.grid.abs().max() <= 1 - 1 / 96 + 1e-6


@pytest.mark.parametrize(("mode", "edge"), [("reflect", 1 - 1 / 7), ("symmetric", 1.0)])
def test_fold_mirrors_about_the_edge(mode: str, edge: float) -> None:
    centres = (torch.arange(-6, 13) + 0.5) * 2 / 7 - 1  # of 7 pixels and 6 beyond each edge
    grid = torch.stack((centres, centres), dim=-1)[None, None]
    folded = fold(grid, torch.full((2,), edge, dtype=torch.float64))
    pixels = ((folded[0, 0, :, 0] + 1) * 7 / 2 - 0.5).round().long()
    assert pixels.tolist() == np.pad(np.arange(7), 6, mode=mode).tolist()
