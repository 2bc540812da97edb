"""Defocus that depends on the distance of the tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.grid import CoarseGrid, coarse_brightness, local_mean, to_frame
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.blur import blurred
from robustbench_endo.corruptions.surgical.light import to_light, to_values
from robustbench_endo.corruptions.surgical.mtf import gaussian_mtf50

_FOCUS = 0  # stream
_CELL = 24  # nodes over which brightness is averaged: the depth proxy must not follow texture
_LEVELS = 3  # blurred copies between which a pixel is interpolated
_HEIGHT_SHARE = 0.3  # weight of the vertical position in the depth proxy: the lower part of a view is mostly nearer


@dataclass(frozen=True)
class DepthDefocusParams:
    """Parameters of :class:`DepthDefocus`.

    Attributes:
        blur: radius of the circle of confusion at one diopter of defocus, in pixels.
        depth: vergence of the nearest tissue minus that of the farthest, in diopters (1 / m).
    """

    blur: Px
    depth: Annotated[float, "diopters"] = 12.0

    @property
    def sigma(self) -> float:
        """Standard deviation of the blur of the tissue farthest from the plane of focus, in pixels."""
        return self.blur * self.depth / 2.0  # a disk has the standard deviation of its radius / 2

    @property
    def mtf50(self) -> float:
        """MTF50 of the tissue farthest from the plane of focus, in cycles per pixel.

        Times 256, the reference size of the suite: line pairs per image height, at every resolution.

        >>> round(DepthDefocus().severities[2].mtf50 * 256)
        16
        """
        return gaussian_mtf50(self.sigma)


@dataclass(frozen=True)
class DepthDefocus(Corruption):
    """The circle of confusion grows with the distance, in diopters, from the plane of focus.

    Depth is estimated from the image: the scope carries the light, so that the square root of the smoothed light
    falls with the distance, and the lower part of the view is mostly nearer. The focus is near or far, by frame.

    >>> DepthDefocus().severities[2]
    DepthDefocusParams(blur=0.5, depth=12.0)
    """

    name: ClassVar[str] = "depth_defocus"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "A large aperture close to the tissue: only one depth is in focus, and not that of the work."
    citation: ClassVar[str] = (
        "Potmesil & Chakravarty, SIGGRAPH 1981 (circle of confusion); Kar, Yeo, Atanov & Zamir, CVPR 2022 (3D Common "
        "Corruptions)."
    )
    bounded: ClassVar[bool] = True

    severities: tuple[DepthDefocusParams, ...] = (
        DepthDefocusParams(0.2),
        DepthDefocusParams(0.33),
        DepthDefocusParams(0.5),
        DepthDefocusParams(0.8),
        DepthDefocusParams(1.25),
    )

    def apply(self, images: Tensor, params: DepthDefocusParams, noise: Noise) -> Tensor:
        """``images`` in linear light, interpolated between blurred copies by the defocus of each pixel."""
        light = to_light(images)
        share = to_frame(_defocus(images, noise), images.shape) * float(_LEVELS)
        result = light
        for level in range(_LEVELS):
            softer = blurred(light, params.sigma * (level + 1) / _LEVELS)
            result = torch.lerp(result, softer, (share - level).clamp_(0.0, 1.0))
        return to_values(result)


def _defocus(images: Tensor, noise: Noise) -> Tensor:
    """Distance of each node from the plane of focus, as a share of the range of depths: (B, 1, h, w)."""
    grid = CoarseGrid.of(images.shape[-2:])
    light = local_mean(coarse_brightness(images, grid.size), _CELL)
    near = light / light.amax((-2, -1), keepdim=True).clamp(min=1e-3)
    _, y = grid.coordinates(images.device)
    near = (near * (1.0 - _HEIGHT_SHARE) + (y / grid.rows + 0.5) * _HEIGHT_SHARE).clamp(0.0, 1.0)
    low, high = near.amin((-2, -1), keepdim=True), near.amax((-2, -1), keepdim=True)
    near = (near - low) / (high - low).clamp(min=0.05)
    focus = noise.integers(2, (1, 1, 1), _FOCUS).float()
    return (near - focus).abs()
