"""Zoom blur."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption
from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.interpolation.interpolation_weights import linear_at
from robustbench_endo.corruptions.kernels.interpolation.mean_of_zooms import Zooms, mean_of_zooms
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class ZoomBlurParams:
    """Parameters of :class:`ZoomBlur`.

    Attributes:
        zoom: the frame and its magnifications 1, 1 + step, ... below ``zoom`` are averaged.
        step: difference of two magnifications.
    """

    zoom: Annotated[float, "times"]
    step: Annotated[float, "times"] = 0.01


@dataclass(frozen=True)
class ZoomBlur(Corruption):
    """The mean of the frame at increasing magnifications, on any aspect ratio.

    On average the image is also magnified by the mean factor: the returned grid is the mean position from which an
    output pixel was sampled.

    >>> ZoomBlur().severities[2]
    ZoomBlurParams(zoom=1.16, step=0.01)
    """

    name: ClassVar[str] = "zoom_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "The scope is pushed towards the tissue, or its optical zoom is turned, during the exposure."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."
    stochastic: ClassVar[bool] = False
    moves: ClassVar[bool] = True

    severities: tuple[ZoomBlurParams, ...] = (
        ZoomBlurParams(1.06),
        ZoomBlurParams(1.11),
        ZoomBlurParams(1.16),
        ZoomBlurParams(1.23),
        ZoomBlurParams(1.31),
    )

    def apply(self, images: Tensor, params: ZoomBlurParams, noise: Noise) -> CorruptedBatch:
        """The mean over the magnifications, and the mean sampling grid."""
        height, width = images.shape[-2:]
        geometry = (height, width, params.zoom, params.step)
        grid = device_table(_mean_positions, images.device, *geometry).expand(len(images), height, width, 2)
        return CorruptedBatch(mean_of_zooms(images, magnifications(*geometry)[0]), grid.clone())


@lru_cache(maxsize=16)
def magnifications(height: int, width: int, zoom: float, step: float) -> tuple[Zooms, Tensor]:
    """The resampling weights of each magnification, and the grid of the mean positions."""
    factors = (1.0, *np.arange(1.0, zoom, step).tolist())
    rows, columns = ([zoomed_positions(size, factor) for factor in factors] for size in (height, width))
    zooms = tuple((linear_at(y, height), linear_at(x, width)) for y, x in zip(rows, columns, strict=True))
    return zooms, mean_grid(np.mean(rows, axis=0), np.mean(columns, axis=0))


def _mean_positions(height: int, width: int, zoom: float, step: float) -> Floats:
    grid: Floats = magnifications(height, width, zoom, step)[1].numpy()
    return grid


def zoomed_positions(size: int, factor: float) -> NDArray[np.floating[Any]]:
    """Position along one axis from which each output pixel is sampled, in pixels.

    As in imagecorruptions: the central ceil(size / factor) pixels are stretched from the first centre to the last over
    round(crop * factor) pixels, and what exceeds ``size`` is cut off at the end.
    """
    crop = int(np.ceil(size / factor))
    stretched = round(crop * factor)
    return (size - crop) // 2 + np.arange(size) * ((crop - 1) / (stretched - 1))


def mean_grid(rows: NDArray[np.floating[Any]], columns: NDArray[np.floating[Any]]) -> Tensor:
    """(H, W, 2) in grid_sample(align_corners=False) coordinates from one position in pixels per row and column."""
    y = torch.from_numpy((rows + 0.5) * 2.0 / len(rows) - 1.0)
    x = torch.from_numpy((columns + 0.5) * 2.0 / len(columns) - 1.0)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).float()
