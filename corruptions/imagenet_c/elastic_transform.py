"""Elastic deformation of a frame that was resampled before, as in the evaluation of EndoARSS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch
from robustbench_endo.corruptions.digital import elastic_transform
from robustbench_endo.corruptions.digital.elastic_transform import (
    ElasticTransformParams,
    affine_grid,
    displaced_grid,
)
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid, remap
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class ElasticTransform(elastic_transform.ElasticTransform):
    """An affine map, then a displacement field: the frame is interpolated twice, which blurs it.

    ImageNet-C as first published, for 244 px: uniform noise x 244 (2, 2, 0.05, 0.07, 0.12) under a Gaussian of
    244 (0.7, 0.08, 0.01, 0.01, 0.01), after an affine map of up to 244 (0.1, 0.2, 0.02, 0.02, 0.02), which dominates.
    The frame is mirrored beyond its edges, by the map about the outermost pixels.

    >>> ElasticTransform().severities[2]
    ElasticTransformParams(displacement=0.814, smoothness=0.0095, affine=4.88, aspect=0.0)
    """

    model: ClassVar[str] = "endoarss"
    citation: ClassVar[str] = "Simard, Steinkraus & Platt, ICDAR 2003; the code of arXiv 2506.06830."

    severities: tuple[ElasticTransformParams, ...] = (
        ElasticTransformParams(0.465, 0.667, 24.4),
        ElasticTransformParams(4.07, 0.0763, 48.8),
        ElasticTransformParams(0.814, 0.0095, 4.88),
        ElasticTransformParams(1.14, 0.0095, 4.88),
        ElasticTransformParams(1.95, 0.0095, 4.88),
    )

    def apply(self, images: Tensor, params: ElasticTransformParams, noise: Noise) -> CorruptedBatch:
        """``images`` sampled at an affine map of the pixels, and that at identity + displacement field."""
        height, width = images.shape[-2:]
        size = height, width
        outermost = 1.0 - 1.0 / torch.tensor(size[::-1], dtype=torch.float64)  # pixels
        (edge,) = upload((outermost,), images.device)
        displaced = fold(displaced_grid(images, params, noise), torch.ones_like(edge))
        straight = fold(affine_grid(identity_grid(height, width, images.device), size, params.affine, noise), edge)
        grid = fold(affine_grid(displaced, size, params.affine, noise), edge)
        return CorruptedBatch(remap(remap(images, straight), displaced), grid)


def fold(grid: Tensor, edge: Tensor) -> Tensor:
    """Positions ``grid`` (B, H, W, 2) reflected into [-``edge``, ``edge``]; x and y of the edge are (2,)."""
    position = (grid.double() + edge) % (4.0 * edge)
    return (torch.minimum(position, 4.0 * edge - position) - edge).float()
