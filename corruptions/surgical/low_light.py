"""Low light: an under-exposed sensor whose signal is amplified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Px
from robustbench_endo.corruptions.kernels.rng.noise_cells import cell_shape, expand_cells
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.light import to_light, to_values

_PHOTONS, _READ = 0, 1  # streams


@dataclass(frozen=True)
class LowLightParams:
    """Parameters of :class:`LowLight`.

    Attributes:
        stops: by how much the exposure is reduced, in stops.
        gain: by how much the signal is amplified afterwards, in stops.
        full_well: electrons of a white pixel at the full exposure.
        read_noise: standard deviation of the electronics, in electrons.
        grain: side of a noise cell, in pixels.
    """

    stops: Annotated[float, "stops"]
    gain: Annotated[float, "stops"]
    full_well: Annotated[float, "electrons"] = 8000.0
    read_noise: Annotated[float, "electrons"] = 3.0
    grain: Px = 1.0


@dataclass(frozen=True)
class LowLight(Corruption):
    """Linear light is reduced by stops, counted as electrons with read noise, and amplified.

    The count has the mean, variance and skewness of a Poisson number (Cornish-Fisher expansion of a normal one), which
    for the usual hundreds of electrons is close to it and takes one random number for any rate.

    >>> LowLight().severities[2]
    LowLightParams(stops=5.0, gain=4.0, full_well=8000.0, read_noise=3.0, grain=1.0)
    """

    name: ClassVar[str] = "low_light"
    category: ClassVar[Category] = "noise"
    cause: ClassVar[str] = "A light cable with broken fibres, a dimmed source or a scope far away: the gain is raised."
    citation: ClassVar[str] = (
        "EMVA Standard 1288 (camera model); Foi, Trimeche, Katkovnik & Egiazarian, IEEE Trans. Image Processing "
        "17(10), 2008."
    )

    severities: tuple[LowLightParams, ...] = (
        LowLightParams(3.0, 2.6),
        LowLightParams(4.0, 3.3),
        LowLightParams(5.0, 4.0),
        LowLightParams(6.0, 4.7),
        LowLightParams(7.0, 5.4),
    )

    def apply(self, images: Tensor, params: LowLightParams, noise: Noise) -> Tensor:
        """Encoded((electrons + read noise) / full well x gain)."""
        electrons = to_light(images).mul_(params.full_well * 2.0**-params.stops)
        cells = cell_shape(images.shape[1:], params.grain)
        z = noise.normal(cells, _PHOTONS)
        offset = (z * z - 1.0).div_(6.0).add_(noise.normal(cells, _READ), alpha=params.read_noise)
        spread, offset = (expand_cells(field, images.shape[1:], params.grain) for field in (z, offset))
        signal = electrons.sqrt().mul_(spread).add_(offset).add_(electrons)
        return to_values(signal.mul_(2.0**params.gain / params.full_well))
