"""Glass blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.filters.separable import gaussian_blur
from robustbench_endo.corruptions.kernels.interpolation.remap import copied_cells, scatter_cells
from robustbench_endo.corruptions.rng import Noise

_CHOICES = 0


@dataclass(frozen=True)
class Params:
    """sigma: Gaussian blur before and after; shift: longest step of one copy; sweeps: passes over the frame;
    cell: side of the cells that are copied.
    """

    sigma: Px
    shift: Px
    sweeps: Annotated[int, "passes"]
    cell: Px = 1.0


@dataclass(frozen=True)
class GlassBlur(Corruption):
    """Blur, let every cell take over a neighbour's content, one after the other, and blur: frosted glass.

    ImageNet-C sets out to swap neighbours; its code copies, as frosted glass does, and so do we, in its order: pixel
    statistics agree, and every device makes the same copies. Structures are scattered about their place but do not
    move on average: there is no grid.
    """

    name: ClassVar[str] = "glass_blur"
    category: ClassVar[Category] = "blur"
    cause: ClassVar[str] = "Condensation or dried irrigation fluid on the distal window scatters the light."
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (
        Params(0.6, 1.0, 1),
        Params(0.9, 2.0, 1),
        Params(1.0, 3.0, 2),
        Params(1.2, 4.0, 3),
        Params(1.5, 5.0, 4),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        blurred = gaussian_blur(images, params.sigma, "nearest")
        scattered = scatter_cells(blurred, *steps(images.shape[-2:], params, noise))
        return gaussian_blur(scattered, params.sigma, "nearest")


def steps(size: tuple[int, ...], params: Params, noise: Noise) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """How far, in pixels, each cell fetches its content down and across, and the cells of the rows and columns."""
    # A cell is never smaller than a pixel, and a step never shorter than a cell.
    cell = max(params.cell, 1.0)
    shift = max(round(params.shift / cell), 1)
    row, column = (torch.from_numpy((np.arange(side) / cell).astype(np.int64)).to(noise.device) for side in size)
    rows, columns = (int((side - 1) / cell) + 1 for side in size)
    origin = copied_cells(noise.integers((2 * shift) ** 2, (params.sweeps, rows, columns), _CHOICES), shift)
    down = origin // columns - torch.arange(rows, device=noise.device)[:, None]
    across = origin % columns - torch.arange(columns, device=noise.device)
    return (down * cell).round().long(), (across * cell).round().long(), row, column
