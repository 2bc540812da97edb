"""Spatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor

from robustbench_endo.corruptions.base import Category, CorruptedBatch, Corruption, Px
from robustbench_endo.corruptions.kernels.fluids.composite import composite
from robustbench_endo.corruptions.kernels.fluids.grid import coarse_grid_size, frame_weights
from robustbench_endo.corruptions.kernels.fluids.lens_drops import (
    DropOptics,
    LensDrops,
    draw_liquids,
    lens_drop_heights,
    lens_layer,
)
from robustbench_endo.corruptions.kernels.host_values import upload
from robustbench_endo.corruptions.rng import Noise

_LIQUID, _DROPS = 0, 1  # streams; the drops take the following ones too


@dataclass(frozen=True)
class SpatterParams:
    """Parameters of :class:`Spatter`.

    Attributes:
        drops: number of drops; a fraction is the share of the area of the last one.
        radius: radius of the largest drop, in pixels.
        warp: displacement of the outlines, in pixels.
        defocus: standard deviation of the Gaussian that blurs the drops, in pixels.
        displacement: distance between a point of the rim and the point of the scene that is seen through it, in pixels.
        rim: share of the light that is lost on the rim.
        gloss: strength of the highlight, as a share of the light.
        water: share of the frames with drops of water.
        mucus: share of the frames with drops of mucus.
        blood: share of the frames with drops of blood.
        unit: side of one node of the coarse grid, in pixels.
    """

    drops: Annotated[float, "count"]
    radius: Px = 40.0
    warp: Px = 2.0
    defocus: Px = 2.8
    displacement: Px = 64.0
    rim: Annotated[float, "share of the light"] = 0.5
    gloss: Annotated[float, "share of the light"] = 0.5
    water: Annotated[float, "share of the frames"] = 0.6
    mucus: Annotated[float, "share of the frames"] = 0.2
    blood: Annotated[float, "share of the frames"] = 0.2
    unit: Px = 2.0


@dataclass(frozen=True)
class Spatter(Corruption):
    """Drops on the lens: out of focus, each with an inverted, reduced view of the scene, a darker rim and a highlight.

    The drops of a frame are of one liquid, and those of a severity are among those of the next.

    >>> Spatter().severities[2].drops
    16.0
    """

    name: ClassVar[str] = "spatter"
    category: ClassVar[Category] = "occlusion"
    cause: ClassVar[str] = "Irrigation, mucus or blood splashes onto the distal lens and stays there as drops."
    citation: ClassVar[str] = (
        "Halimeh & Roser, IEEE Intelligent Vehicles Symposium 2009 (raindrops on windscreens); You et al., "
        "IEEE TPAMI 38, 2016 (adherent raindrops)."
    )

    severities: tuple[SpatterParams, ...] = (
        SpatterParams(3.0),
        SpatterParams(8.0),
        SpatterParams(16.0),
        SpatterParams(28.0),
        SpatterParams(51.0),
    )

    def apply(self, images: Tensor, params: SpatterParams, noise: Noise) -> CorruptedBatch:
        """A layer of drops on a coarse grid, composited over ``images``."""
        size, unit = coarse_grid_size(images.shape, params.unit), params.unit
        drops = LensDrops(params.drops, params.radius / unit, params.warp / unit, _DROPS)
        height = lens_drop_heights(drops, size, noise)
        draw = noise.host.uniform((1,), _LIQUID)
        (liquids,) = upload((draw_liquids((params.water, params.mucus, params.blood), draw),), images.device)
        optics = DropOptics(
            params.displacement / unit, params.defocus / unit, params.rim, params.gloss, params.radius / unit
        )
        layer = lens_layer(images, height, liquids, optics)
        corrupted, opacity = composite(images, layer, *frame_weights(size, images.shape))
        return CorruptedBatch(corrupted, opacity=opacity)
