"""Photon counting noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.poisson import chunks_of, photon_counts
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class Params:
    """photons: counted by a white pixel; grain: side of a noise cell."""

    photons: Annotated[float, "photons"]
    grain: Px = 1.0


@dataclass(frozen=True)
class ShotNoise(Corruption):
    """Every pixel counts photons: a Poisson number whose mean is its brightness."""

    name: ClassVar[str] = "shot_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = (
        "Few photons: a narrow scope far from the tissue, weak or ageing light source, short exposure."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[Params, ...] = (
        Params(60.0),
        Params(25.0),
        Params(12.0),
        Params(5.0),
        Params(3.0),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Tensor:
        """Poisson(photons x ``images``) / photons."""
        cells = cell_shape(images.shape[1:], params.grain)
        draws = noise.uniform((2 * chunks_of(params.photons), *cells), stream=0)
        return photon_counts(images, params.photons, draws, params.grain)
