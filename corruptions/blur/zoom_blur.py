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
        size = (len(images), *images.shape[-2:])
        y, x = (device_table(mean_positions, images.device, side, params.zoom, params.step) for side in size[1:])
        grid = torch.stack((x.expand(size), y[:, None].expand(size)), dim=-1)
        return CorruptedBatch(mean_of_zooms(images, magnifications(*size[1:], params.zoom, params.step)), grid)


@lru_cache(maxsize=64)
def magnifications(height: int, width: int, zoom: float, step: float) -> Zooms:
    """The resampling weights of each magnification."""
    rows, columns = ([linear_at(at, side) for at in _positions(side, zoom, step)] for side in (height, width))
    return tuple(zip(rows, columns, strict=True))


def mean_positions(size: int, zoom: float, step: float) -> Floats:
    """The mean of the positions along one axis, in grid_sample(align_corners=False) coordinates."""
    mean = np.mean(_positions(size, zoom, step), axis=0)
    coordinates: Floats = ((mean + 0.5) * 2.0 / size - 1.0).astype(np.float32)
    return coordinates


def _positions(size: int, zoom: float, step: float) -> list[NDArray[np.floating[Any]]]:
    """:func:`zoomed_positions` at every magnification from 1, by ``step``, to below ``zoom``."""
    return [zoomed_positions(size, factor) for factor in (1.0, *np.arange(1.0, zoom, step).tolist())]


def zoomed_positions(size: int, factor: float) -> NDArray[np.floating[Any]]:
    """Position along one axis from which each output pixel is sampled, in pixels.

    As in imagecorruptions: the central ceil(size / factor) pixels are stretched from the first centre to the last over
    round(crop * factor) pixels, and what exceeds ``size`` is cut off at the end.
    """
    crop = int(np.ceil(size / factor))
    stretched = round(crop * factor)
    return (size - crop) // 2 + np.arange(size) * ((crop - 1) / (stretched - 1))
