"""Optics of a layer of coloured fluid before the scene: absorption, back-scattering and specular reflection."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Doubles, Floats, use_numba
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.corruptions.kernels.host_values import constant
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid

_SHARPNESS = 8  # the highlight is the cosine to the power 2^8

_LAMP = 0.4  # slope of the surface that mirrors the lamp at the centre of the frame

_LAMP_TILT = 0.15  # growth of that slope from the centre to the edge


def beer_lambert(
    thickness: Tensor, dimming: Tensor, light: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> Tensor:
    """The layer of :func:`.composite.composite` for an absorbing fluid.

    By the Beer-Lambert law channel c transmits T_c = exp(-absorption_c thickness); the scene J becomes
    dimming (J T_c + body_c ambient (1 - T_c)) + gloss (1 - T_green). Nothing changes where the thickness is 0.

    Args:
        thickness: (B, 1, h, w) >= 0, in the unit of ``absorption``.
        dimming: (B, 1, h, w) in [0, 1].
        light: (B, 2, h, w) in [0, 1]: the ambient light on the layer, and the gloss that it mirrors.
        absorption: of red, green and blue, per unit of thickness.
        body: the colour that a thick layer scatters back.

    Returns:
        (B, 7, h, w): the opacity 1 - T, averaged over the channels; the cover and the added light of each channel.
    """
    if not use_numba(thickness.device):
        return beer_lambert_torch(thickness, dimming, light, absorption, body)
    out = np.zeros((len(thickness), 7, *thickness.shape[-2:]), np.float32)
    depth, dim, glow = (field.contiguous().numpy() for field in (thickness, dimming, light))
    _beer_lambert(depth, dim, glow, np.array(absorption), np.array(body, np.float32), out)
    return torch.from_numpy(out)


def beer_lambert_torch(
    thickness: Tensor, dimming: Tensor, light: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> Tensor:
    """:func:`beer_lambert` on any device."""
    negative = constant(tuple(-value for value in absorption), thickness.device)
    transmission = torch.exp(negative[:, None, None] * thickness)
    colour = constant(tuple(body), thickness.device)[:, None, None]
    ambient, gloss = light[:, :1], light[:, 1:]
    added = dimming * colour * ambient * (1.0 - transmission) + gloss * (1.0 - transmission[:, 1:2])
    opacity = (1.0 - transmission).mean(1, keepdim=True)
    return torch.where(thickness > 0, torch.cat((opacity, 1.0 - dimming * transmission, added), dim=1), 0.0)


@njit(cache=True, nogil=True)
def _beer_lambert(
    thickness: Floats, dimming: Floats, light: Floats, absorption: Doubles, body: Floats, out: Floats
) -> None:
    one = np.float32(1.0)
    transmission = np.empty(3, np.float32)
    count, _, height, width = thickness.shape
    for b in range(count):
        for y in range(height):
            for x in range(width):
                depth = np.float64(thickness[b, 0, y, x])
                if depth <= 0.0:
                    continue
                for c in range(3):
                    transmission[c] = math.exp(-absorption[c] * depth)
                dim, ambient = dimming[b, 0, y, x], light[b, 0, y, x]
                mirrored = light[b, 1, y, x] * (one - transmission[1])
                for c in range(3):
                    out[b, 1 + c, y, x] = one - dim * transmission[c]
                    out[b, 4 + c, y, x] = dim * body[c] * ambient * (one - transmission[c]) + mirrored
                out[b, 0, y, x] = one - (transmission[0] + transmission[1] + transmission[2]) / np.float32(3.0)


def specular(thickness: Tensor, ripples: Tensor, relief: float) -> tuple[Tensor, Tensor]:
    """The specular highlight on a wet surface, and the steepness of the surface.

    The highlight is Blinn's (SIGGRAPH 1977): the cosine between the normal and the half vector, to a power.

    Args:
        thickness: (B, 1, h, w) of the fluid; there is no surface where it is 0.
        ripples: (B, 1, h, w), how much a deep layer is raised.
        relief: slope of the surface where the thickness grows by one per node.

    Returns:
        Two of (B, 1, h, w) in [0, 1]: the highlight, and s^2 / (1 + s^2) of the slope s.
    """
    if not use_numba(thickness.device):
        return specular_torch(thickness, ripples, relief)
    out = np.zeros((len(thickness), 2, *thickness.shape[-2:]), np.float32)
    for b in range(len(thickness)):
        _specular(thickness[b, 0].numpy(), _surface_height(thickness[b, 0], ripples[b, 0], relief).numpy(), out[b])
    return torch.from_numpy(out[:, :1]), torch.from_numpy(out[:, 1:])


def specular_torch(thickness: Tensor, ripples: Tensor, relief: float) -> tuple[Tensor, Tensor]:
    """:func:`specular` on any device."""
    down, across = slopes(_surface_height(thickness, ripples, relief))
    height, width = thickness.shape[-2:]
    grid = identity_grid(height, width, thickness.device)[..., None].permute(0, 4, 1, 2, 3)
    highlight = _highlight(down, across, grid[..., 1] * _LAMP_TILT + _LAMP, grid[..., 0] * _LAMP_TILT + _LAMP)
    steepness = down * down + across * across
    wet = thickness > 0
    return torch.where(wet, highlight, 0.0), torch.where(wet, steepness / (1.0 + steepness), 0.0)


def _surface_height(thickness: Tensor, ripples: Tensor, relief: float) -> Tensor:
    return thickness * relief + ripples * thickness / (thickness + 1.0)


def slopes(height: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of (B, 1, h, w) down and across, by central differences; the edge is repeated."""
    padded = torch.nn.functional.pad(height, (1, 1, 1, 1), mode="replicate")
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) * 0.5
    return down, (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) * 0.5


def _highlight(down: Tensor, across: Tensor, lamp_down: Tensor, lamp_across: Tensor) -> Tensor:
    """Specular reflection in [0, 1] of a surface of slopes (``down``, ``across``).

    ``lamp_down`` and ``lamp_across`` are the slopes of a surface that mirrors the lamp into the lens.
    """
    cosine = (1.0 + down * lamp_down + across * lamp_across).clamp(min=0.0)
    # All squared, so that only multiplications and one division are needed: the same bits everywhere.
    lengths = (1.0 + down * down + across * across) * (1.0 + lamp_down * lamp_down + lamp_across * lamp_across)
    value = cosine * cosine / lengths
    for _ in range(_SHARPNESS - 1):
        value = value * value
    return value


@njit(cache=True, nogil=True)
def _specular(thickness: Floats, surface: Floats, out: Floats) -> None:
    half, one = np.float32(0.5), np.float32(1.0)
    height, width = thickness.shape
    for y in range(height):
        above, below = surface[max(y - 1, 0)], surface[min(y + 1, height - 1)]
        lamp_down = np.float32((y + 0.5) * (2.0 / height) - 1.0) * np.float32(_LAMP_TILT) + np.float32(_LAMP)
        for x in range(width):
            if thickness[y, x] <= 0:
                continue
            lamp_across = np.float32((x + 0.5) * (2.0 / width) - 1.0) * np.float32(_LAMP_TILT) + np.float32(_LAMP)
            down = (below[x] - above[x]) * half
            across = (surface[y, min(x + 1, width - 1)] - surface[y, max(x - 1, 0)]) * half
            cosine = max(one + down * lamp_down + across * lamp_across, np.float32(0.0))
            steepness = down * down + across * across
            value = cosine * cosine / ((one + steepness) * (one + lamp_down * lamp_down + lamp_across * lamp_across))
            for _ in range(_SHARPNESS - 1):
                value *= value
            out[0, y, x] = value
            out[1, y, x] = steepness / (one + steepness)
