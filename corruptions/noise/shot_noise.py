"""Shot noise (photon counting)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape
from robustbench_endo.corruptions.kernels.rng.poisson import poisson_noise, rate_slices
from robustbench_endo.corruptions.rng import Noise


@dataclass(frozen=True)
class ShotNoiseParams:
    """Parameters of :class:`ShotNoise`.

    Attributes:
        photons: mean photon count of a white pixel.
        grain: side of a noise cell, in pixels.
    """

    photons: Annotated[float, "photons"]
    grain: Px = 1.0


@dataclass(frozen=True)
class ShotNoise(Corruption):
    """Every pixel counts photons: a Poisson number whose mean is proportional to its brightness.

    >>> ShotNoise().severities[2]
    ShotNoiseParams(photons=12.0, grain=1.0)
    """

    name: ClassVar[str] = "shot_noise"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = (
        "Few photons: a narrow scope far from the tissue, weak or ageing light source, short exposure."
    )
    citation: ClassVar[str] = "Hendrycks & Dietterich, ICLR 2019 (ImageNet-C)."

    severities: tuple[ShotNoiseParams, ...] = (
        ShotNoiseParams(60.0),
        ShotNoiseParams(25.0),
        ShotNoiseParams(12.0),
        ShotNoiseParams(5.0),
        ShotNoiseParams(3.0),
    )

    def apply(self, images: Tensor, params: ShotNoiseParams, noise: Noise) -> Tensor:
        """Poisson(photons x ``images``) / photons."""
        cells = cell_shape(images.shape[1:], params.grain)
        u = noise.uniform((2 * rate_slices(params.photons), *cells), stream=0)
        return poisson_noise(images, params.photons, u, params.grain)
