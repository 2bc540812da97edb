"""Glass blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.interpolation.local_shuffle import fetch_cells, local_shuffle
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_of_pixel
from robustbench_endo.corruptions.rng import Noise

_CHOICES = 0  # stream


@dataclass(frozen=True)
class GlassBlurParams:
    """Parameters of :class:`GlassBlur`.

    Attributes:
        sigma: standard deviation of the Gaussian blur before and after the shuffling, in pixels.
        shift: longest step of one copy, in pixels.
        sweeps: number of passes over the frame.
        cell: side of the cells that are copied, in pixels.
    """

    sigma: Px
    shift: Px
    sweeps: Annotated[int, "passes"]
    cell: Px = 1.0


@dataclass(frozen=True)
class GlassBlur(Corruption):
    """Blur, let every cell copy the content of a neighbour, one after the other, and blur: frosted glass.

    ImageNet-C intends to swap neighbours, but its code copies, as does frosted glass; this implementation copies in the
    same order, so that pixel statistics agree, and every device makes the same copies. Structures are scattered about
    their position but do not move on average: there is no grid.

    >>> GlassBlur().severities[2]
    GlassBlurParams(sigma=1.0, shift=3.0, sweeps=2, cell=1.0)
    """

    name: ClassVar[str] = "glass_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "Condensation or dried irrigation fluid on the distal window scatters the light."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[GlassBlurParams, ...] = (
        GlassBlurParams(0.6, 1.0, 1),
        GlassBlurParams(0.9, 2.0, 1),
        GlassBlurParams(1.0, 3.0, 2),
        GlassBlurParams(1.2, 4.0, 3),
        GlassBlurParams(1.5, 5.0, 4),
    )

    def apply(self, images: Tensor, params: GlassBlurParams, noise: Noise) -> Tensor:
        """blur(shuffle(blur(``images``)))."""
        blurred = gaussian_blur(images, params.sigma, "nearest")
        shuffled = fetch_cells(blurred, *cell_offsets(images.shape[-2:], params, noise))
        return gaussian_blur(shuffled, params.sigma, "nearest")


def cell_offsets(size: tuple[int, ...], params: GlassBlurParams, noise: Noise) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Arguments ``down``, ``across``, ``rows`` and ``columns`` of :func:`.local_shuffle.fetch_cells`."""
    # A cell is never smaller than a pixel, and a step never shorter than a cell.
    cell = max(params.cell, 1.0)
    shift = max(round(params.shift / cell), 1)
    cell_row, cell_column = (cell_of_pixel(side, cell, noise.device) for side in size)
    rows, columns = (int((side - 1) / cell) + 1 for side in size)
    source = local_shuffle(noise.integers((2 * shift) ** 2, (params.sweeps, rows, columns), _CHOICES), shift)
    row, column = (torch.arange(count, dtype=source.dtype, device=noise.device) for count in (rows, columns))
    down, across = source // columns - row[:, None], source % columns - column
    if cell == 1.0:
        return down, across, cell_row, cell_column
    return (down * cell).round().to(source.dtype), (across * cell).round().to(source.dtype), cell_row, cell_column
