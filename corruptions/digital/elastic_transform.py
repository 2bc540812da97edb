"""Elastic deformation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_half, separable
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import bilinear
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.rng import Noise

_FIELD, _AFFINE = 0, 1
_NODES = 2.0  # lattice nodes a standard deviation


@dataclass(frozen=True)
class Params:
    """displacement: standard deviation of the shift of a pixel, along each axis; smoothness: standard deviation of
    the Gaussian that smooths the field, as a share of each side of the image; affine: an affine map on top, which
    moves three points around the centre by up to so much along each axis.
    """

    displacement: Px
    smoothness: Annotated[float, "share of the side"]
    affine: Px = 0.0
    aspect: Annotated[float, "exponent"] = 0.0


@dataclass(frozen=True)
class ElasticTransform(Corruption):
    """Px are fetched from places shifted by smooth Gaussian noise; the returned grid says from where.

    The field is drawn on a lattice tied to the frame, not to its pixels: it is the same at every resolution.
    ImageNet-C smooths uniform noise of amplitude 0.005 H over 0.01 H and multiplies by 12.5 to 30, which makes a
    displacement of 0.0814 sqrt(H / W) times that gain in pixels, at any resolution and with folds; here severity moves
    tissue further without folding it.
    """

    name: ClassVar[str] = "elastic_transform"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "Tissue that moves while a rolling shutter reads the frame; faulty lens or stereo rectification."
    )
    citation: ClassVar[str] = "Simard, Steinkraus & Platt, ICDAR 2003; Hendrycks & Dietterich, ICLR 2019."

    severities: tuple[Params, ...] = (
        Params(1.0, 0.05),
        Params(1.75, 0.05),
        Params(2.5, 0.05),
        Params(3.5, 0.05),
        Params(4.5, 0.05),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> CorruptedBatch:
        size = images.shape[-2:]
        lattice = smooth_lattice(noise, params.smoothness)
        rows, columns = (bilinear(lattice.shape[-1], side) for side in size)
        shift = resample(lattice, rows, columns) * (params.displacement * (size[0] / size[1]) ** params.aspect)
        grid = identity_grid(size[0], size[1], images.device) + shift.permute(0, 2, 3, 1) * _per_pixel(images)
        if params.affine > 0:
            grid = affine_grid(grid, size, params.affine, noise)
        return CorruptedBatch(remap(images, grid), grid)


def affine_grid(grid: Tensor, size: tuple[int, ...], reach: float, noise: Noise) -> Tensor:
    """``grid`` (B, H, W, 2) seen through the affine maps that move three points by up to ``reach`` pixels.

    The points form a right angle at (+, +) around the centre, a third of the short side away along each axis.
    """
    corner = min(size) // 3 * 2.0 / np.array(size[::-1], np.float64)
    points = np.array([(1, 1), (1, -1), (-1, -1)]) * corner
    draws = 2.0 * noise.uniform((3, 2), _AFFINE).double().cpu().numpy() - 1.0
    moved = points + draws * reach * 2.0 / np.array(size[::-1])
    ones = np.ones((len(draws), 3, 1))
    # A pixel of the output is fetched from where the inverse of the map puts it.
    inverse = np.linalg.solve(np.concatenate((moved, ones), axis=2), np.broadcast_to(points, moved.shape))
    (xx, xy), (yx, yy), (x0, y0) = torch.from_numpy(inverse).float().to(grid.device).permute(1, 2, 0)[..., None, None]
    x, y = grid.unbind(-1)
    return torch.stack((x * xx + y * yx + x0, x * xy + y * yy + y0), dim=-1)


def _per_pixel(images: Tensor) -> Tensor:
    height, width = images.shape[-2:]
    return images.new_tensor([2.0 / width, 2.0 / height])


def smooth_lattice(noise: Noise, smoothness: float) -> Tensor:
    """Gaussian noise (B, 2, n, n) over the frame, smoothed; unit variance once it is interpolated linearly."""
    nodes = int(np.ceil(_NODES / smoothness))
    half = gaussian_half(_NODES, truncate=3.0)
    field = separable(noise.normal((2, nodes, nodes), _FIELD), half, half, "reflect")
    weights = np.concatenate((half[:0:-1], half)).astype(np.float64)
    variance, neighbours = (weights**2).sum(), (weights[1:] * weights[:-1]).sum()
    # Between two nodes the variance is w^2 + (1 - w)^2 + 2 w (1 - w) times the correlation: 2/3 and 1/3 on average.
    return field * float(1.0 / (variance * 2.0 / 3.0 + neighbours / 3.0))
