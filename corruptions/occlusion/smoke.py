"""Surgical smoke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from ..base import Corruption, Damage, Group, Pixels
from ..kernels.fluid.field_veil import veil
from ..kernels.fluid.fluid import frame_taps, to_lattice
from ..noise_source import Noise
from .content import content_area
from .exact import mean
from .lattice import Lattice
from .plume import plume

_SCOPE_LIGHT = (0.90, 0.95, 1.0)  # xenon and LED light sources are bluish white
_FALLOFF = 0.45  # how much darker the corners of a scope's picture are
_TISSUE = 0.25  # share of the airlight that the smoke gets from the tissue around it
_BACKSCATTER = 0.07  # how much brighter billows are that lean towards the scope


@dataclass(frozen=True)
class Params:
    """One density of smoke.

    depth: optical depth beta * d, mean over the frame.
    wisps: standard deviation of the logarithm of the density; 0 is an even veil.
    plume: share of the smoke that is still in the plume rising from the source.
    scale: size of the largest billows.
    airlight: brightness of dense smoke at the centre of the frame.
    """

    depth: Annotated[float, "optical depth"]
    wisps: Annotated[float, "log density"] = 0.55
    plume: Annotated[float, "share"] = 0.35
    scale: Pixels = 110.0
    airlight: Annotated[float, "value"] = 0.72


@dataclass(frozen=True)
class Smoke(Corruption):
    """The atmospheric scattering model, I = J t + A (1 - t) with t = exp(-beta d).

    The density is domain-warped fractal noise around a plume that drifts from a cautery point; the airlight A is the
    scope's own light, bluish, brightest in the centre and on the crests of the billows, tinted by the tissue around it.
    """

    name: ClassVar[str] = "smoke"
    group: ClassVar[Group] = "occlusion"
    cause: ClassVar[str] = "Plume of electrocautery, ultrasonic or laser dissection before it is evacuated."
    reference: ClassVar[str] = (
        "Scattering: Narasimhan & Nayar, IJCV 2002; wisps: Perlin, SIGGRAPH 2002, and Quilez's domain warping; "
        "in surgery: Chen et al., De-smokeGCN, IEEE TMI 2020."
    )

    severities: tuple[Params, ...] = (
        Params(0.25, wisps=0.70, plume=0.50, airlight=0.62),
        Params(0.55, wisps=0.62, plume=0.42, airlight=0.64),
        Params(0.95, wisps=0.55, plume=0.35, airlight=0.66),
        Params(1.55, wisps=0.48, plume=0.28, airlight=0.68),
        Params(2.40, wisps=0.40, plume=0.22, airlight=0.70),
    )

    def apply(self, images: Tensor, params: Params, noise: Noise) -> Damage:
        fields = layers(images, params, noise)
        seen, opacity = veil(images, fields, *frame_taps(fields.shape, images.shape))
        return Damage(seen, opacity=opacity)


def layers(images: Tensor, params: Params, noise: Noise) -> Tensor:
    """Opacity 1 - t, and airlight A (1 - t) of each channel, for :func:`.kernels.field_veil.veil`."""
    lattice = Lattice.of(images.shape[-2:])
    scene = to_lattice(images, lattice.size)
    density, billows = plume(lattice, params.scale * lattice.scale, params.wisps, params.plume, noise)
    transmission = (density.double() * -params.depth).exp().float()[:, None]
    opacity = (1.0 - transmission) * content_area(scene)
    airlight = _light(billows, lattice, params.airlight) * airlight_colour(scene)
    return torch.cat((opacity, airlight * opacity), dim=1)


def _light(billows: Tensor, lattice: Lattice, airlight: float) -> Tensor:
    """What the smoke sends back: the scope's beam, more of it from the crests of the billows; (B, 1, rows, columns)."""
    beam = 1.0 - _FALLOFF * lattice.radius(billows.device)
    return (airlight * beam * (1.0 + _BACKSCATTER * billows.clamp(-2.0, 2.0)))[:, None]


def airlight_colour(scene: Tensor) -> Tensor:
    """(B, 3, 1, 1): the scope's light, mixed with the hue of the lit tissue."""
    scope = torch.tensor(_SCOPE_LIGHT, device=scene.device)[None, :, None, None]
    tissue = mean(scene)
    hue = tissue / tissue.amax(1, keepdim=True).clamp_min(1e-3)
    return scope * (1.0 - _TISSUE) + scope * hue * _TISSUE
