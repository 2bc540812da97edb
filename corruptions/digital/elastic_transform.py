"""Elastic deformation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import half_gaussian, separable_filter
from robustbench_endo.corruptions.kernels.host_values import constant, upload
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import bilinear_weights
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.kernels.interpolation.resample import resample
from robustbench_endo.corruptions.rng import Noise

_FIELD, _AFFINE = 0, 1  # streams
_NODES = 2.0  # nodes of the coarse grid per standard deviation of the smoothing


@dataclass(frozen=True)
class ElasticTransformParams:
    """Parameters of :class:`ElasticTransform`.

    Attributes:
        displacement: standard deviation of the displacement of a pixel along each axis, in pixels.
        smoothness: standard deviation of the Gaussian that smooths the field, as a share of each side of the image.
        affine: an additional affine map moves three points around the centre by up to this much along each axis, in
            pixels.
        aspect: the displacement is multiplied by (height / width) to this power.
    """

    displacement: Px
    smoothness: Annotated[float, "share of the side"]
    affine: Px = 0.0
    aspect: Annotated[float, "exponent"] = 0.0


@dataclass(frozen=True)
class ElasticTransform(Corruption):
    """Pixels are sampled at positions displaced by smooth Gaussian noise; the returned grid contains the positions.

    The field is sampled on a coarse grid tied to the frame, not to its pixels: it is the same at every resolution.
    ImageNet-C smooths uniform noise of amplitude 0.005 H over 0.01 H and multiplies by 12.5 to 30, which makes a
    displacement of 0.0814 sqrt(H / W) times that gain in pixels, at any resolution and with folds; here severity moves
    tissue further without folding it.

    >>> ElasticTransform().severities[2]
    ElasticTransformParams(displacement=2.5, smoothness=0.05, affine=0.0, aspect=0.0)
    """

    name: ClassVar[str] = "elastic_transform"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = (
        "Tissue that moves while a rolling shutter reads the frame; faulty lens or stereo rectification."
    )
    citation: ClassVar[str] = "Simard, Steinkraus & Platt, ICDAR 2003; Hendrycks & Dietterich, ICLR 2019."
    moves: ClassVar[bool] = True

    severities: tuple[ElasticTransformParams, ...] = (
        ElasticTransformParams(1.0, 0.05),
        ElasticTransformParams(1.75, 0.05),
        ElasticTransformParams(2.5, 0.05),
        ElasticTransformParams(3.5, 0.05),
        ElasticTransformParams(4.5, 0.05),
    )

    def apply(self, images: Tensor, params: ElasticTransformParams, noise: Noise) -> CorruptedBatch:
        """``images`` sampled at identity + displacement field (+ affine map)."""
        grid = displaced_grid(images, params, noise)
        if params.affine > 0:
            grid = affine_grid(grid, images.shape[-2:], params.affine, noise)
        return CorruptedBatch(remap(images, grid), grid)


def displaced_grid(images: Tensor, params: ElasticTransformParams, noise: Noise) -> Tensor:
    """(B, H, W, 2): the grid that samples every pixel of ``images`` at its displaced position."""
    height, width = images.shape[-2:]
    field = displacement_field(noise, params.smoothness)
    rows, columns = (bilinear_weights(field.shape[-1], side) for side in (height, width))
    shift = resample(field, rows, columns) * (params.displacement * (height / width) ** params.aspect)
    per_pixel = constant((2.0 / width, 2.0 / height), images.device)
    grid: Tensor = identity_grid(height, width, images.device) + shift.permute(0, 2, 3, 1) * per_pixel
    return grid


def displacement_field(noise: Noise, smoothness: float) -> Tensor:
    """Smoothed Gaussian noise (B, 2, n, n) over the frame; of unit variance once it is interpolated linearly."""
    nodes = int(np.ceil(_NODES / smoothness))
    half = half_gaussian(_NODES, truncate=3.0)
    field = separable_filter(noise.normal((2, nodes, nodes), _FIELD), half, half, "reflect")
    weights = np.concatenate((half[:0:-1], half)).astype(np.float64)
    variance, neighbours = (weights**2).sum(), (weights[1:] * weights[:-1]).sum()
    # Between two nodes the variance is w^2 + (1 - w)^2 + 2 w (1 - w) times the correlation: 2/3 and 1/3 on average.
    return field * float(1.0 / (variance * 2.0 / 3.0 + neighbours / 3.0))


def affine_grid(grid: Tensor, size: tuple[int, ...], reach: float, noise: Noise) -> Tensor:
    """Transform a sampling grid by random affine maps.

    Each map moves three points by up to ``reach`` pixels along each axis. The points form a right angle at (+, +)
    around the centre, a third of the short side away along each axis.

    Args:
        grid: (B, H, W, 2).
        size: (height, width) of the frame in pixels.
        reach: largest movement, in pixels.
        noise: source of the random numbers.
    """
    corner = min(size) // 3 * 2.0 / np.array(size[::-1], np.float64)
    points = np.array([(1, 1), (1, -1), (-1, -1)]) * corner
    draws = 2.0 * noise.host.uniform((3, 2), _AFFINE).double().numpy() - 1.0
    moved = points + draws * reach * 2.0 / np.array(size[::-1])
    ones = np.ones((len(draws), 3, 1))
    # An output pixel is sampled at the image of its position under the inverse map.
    inverse = np.linalg.solve(np.concatenate((moved, ones), axis=2), np.broadcast_to(points, moved.shape))
    (maps,) = upload((torch.from_numpy(inverse).float(),), grid.device)
    (xx, xy), (yx, yy), (x0, y0) = maps.permute(1, 2, 0)[..., None, None]
    x, y = grid.unbind(-1)
    return torch.stack((x * xx + y * yx + x0, x * xy + y * yy + y0), dim=-1)
