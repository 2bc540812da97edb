"""A layer of coloured fluid before the scene: it absorbs, scatters its own colour back and mirrors the lamp."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Doubles, Floats, compiled
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid


def absorb(
    thickness: Tensor, dimming: Tensor, glow: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> Tensor:
    """What a layer of fluid does to the light that comes through it, as the fields of :func:`.composite.veil`.

    By Beer-Lambert channel c keeps T_c = exp(-absorption_c thickness); the scene J is then seen as
    dimming (J T_c + body_c light (1 - T_c)) + gloss (1 - T_green). Nothing changes where the thickness is 0.

    Args:
        thickness: (B, 1, h, w) >= 0, in the unit of ``absorption``.
        dimming: (B, 1, h, w) in [0, 1].
        glow: (B, 2, h, w) in [0, 1]: the light that falls on the layer, and the part that it mirrors.
        absorption: of red, green and blue, per unit of thickness.
        body: the colour that a thick layer sends back.

    Returns:
        (B, 7, h, w): the opacity 1 - T, averaged over the channels; the cover and the shine of each channel.
    """
    if not compiled(thickness):
        return absorb_torch(thickness, dimming, glow, absorption, body)
    result = np.zeros((len(thickness), 7, *thickness.shape[-2:]), np.float32)
    depth, dim, shine = (field.contiguous().numpy() for field in (thickness, dimming, glow))
    _absorb(depth, dim, shine, np.array(absorption), np.array(body, np.float32), result)
    return torch.from_numpy(result)


def absorb_torch(
    thickness: Tensor, dimming: Tensor, glow: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> Tensor:
    """:func:`absorb` on any device."""
    kept = torch.exp(-thickness.new_tensor(absorption)[:, None, None] * thickness)
    colour = thickness.new_tensor(body)[:, None, None]
    light, gloss = glow[:, :1], glow[:, 1:]
    shine = dimming * colour * light * (1.0 - kept) + gloss * (1.0 - kept[:, 1:2])
    fields = torch.cat(((1.0 - kept).mean(1, keepdim=True), 1.0 - dimming * kept, shine), dim=1)
    return torch.where(thickness > 0, fields, 0.0)


@njit(cache=True, nogil=True)
def _absorb(thickness: Floats, dimming: Floats, glow: Floats, absorption: Doubles, body: Floats, out: Floats) -> None:
    one = np.float32(1.0)
    kept = np.empty(3, np.float32)
    count, _, height, width = thickness.shape
    for b in range(count):
        for y in range(height):
            for x in range(width):
                depth = np.float64(thickness[b, 0, y, x])
                if depth <= 0.0:
                    continue
                for c in range(3):
                    kept[c] = math.exp(-absorption[c] * depth)
                dim, light = dimming[b, 0, y, x], glow[b, 0, y, x]
                mirrored = glow[b, 1, y, x] * (one - kept[1])
                for c in range(3):
                    out[b, 1 + c, y, x] = one - dim * kept[c]
                    out[b, 4 + c, y, x] = dim * body[c] * light * (one - kept[c]) + mirrored
                out[b, 0, y, x] = one - (kept[0] + kept[1] + kept[2]) / np.float32(3.0)


_SHARPNESS = 8  # the highlight is the cosine to the power 2^8

_LAMP, _LEAN = 0.4, 0.15  # slope that mirrors the lamp at the centre of the frame, and its growth towards the edge


def wet_surface(layer: Tensor, ripples: Tensor, relief: float) -> Tensor:
    """The specular highlight on a wet surface, and how steep the surface is.

    The highlight is Blinn's: the cosine between the normal and the half vector, to a power.

    Args:
        layer: (B, 1, h, w), how thick the fluid is; there is no surface where it is 0.
        ripples: (B, 1, h, w), how much a deep layer is raised.
        relief: slope of the surface for a layer that grows by one a node.

    Returns:
        (B, 2, h, w) in [0, 1]: the highlight, and s^2 / (1 + s^2) of the slope s.
    """
    if not compiled(layer):
        return wet_surface_torch(layer, ripples, relief)
    result = np.zeros((len(layer), 2, *layer.shape[-2:]), np.float32)
    for b in range(len(layer)):
        _wet_surface(layer[b, 0].numpy(), _raised(layer[b, 0], ripples[b, 0], relief).numpy(), result[b])
    return torch.from_numpy(result)


def wet_surface_torch(layer: Tensor, ripples: Tensor, relief: float) -> Tensor:
    """:func:`wet_surface` on any device."""
    down, across = slopes(_raised(layer, ripples, relief))
    height, width = layer.shape[-2:]
    grid = identity_grid(height, width, layer.device)[..., None].permute(0, 4, 1, 2, 3)
    value = highlight(down, across, grid[..., 1] * _LEAN + _LAMP, grid[..., 0] * _LEAN + _LAMP)
    steep = down * down + across * across
    return torch.where(layer > 0, torch.cat((value, steep / (1.0 + steep)), dim=1), 0.0)


def _raised(layer: Tensor, ripples: Tensor, relief: float) -> Tensor:
    return layer * relief + ripples * layer / (layer + 1.0)


def slopes(height: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of (B, 1, h, w) down and across, by central differences; the edge is repeated."""
    padded = torch.nn.functional.pad(height, (1, 1, 1, 1), mode="replicate")
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) * 0.5
    return down, (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) * 0.5


def highlight(down: Tensor, across: Tensor, tilt_down: Tensor, tilt_across: Tensor) -> Tensor:
    """Specular reflection in [0, 1] of a surface of slopes (``down``, ``across``).

    ``tilt`` is the slope of the surface that mirrors the lamp into the lens.
    """
    cosine = (1.0 + down * tilt_down + across * tilt_across).clamp(min=0.0)
    # All squared, so that only multiplications and one division are needed: the same bits everywhere.
    lengths = (1.0 + down * down + across * across) * (1.0 + tilt_down * tilt_down + tilt_across * tilt_across)
    value = cosine * cosine / lengths
    for _ in range(_SHARPNESS - 1):
        value = value * value
    return value


@njit(cache=True, nogil=True)
def _wet_surface(layer: Floats, raised: Floats, result: Floats) -> None:
    half, one = np.float32(0.5), np.float32(1.0)
    height, width = layer.shape
    for y in range(height):
        above, below = raised[max(y - 1, 0)], raised[min(y + 1, height - 1)]
        tilt_down = np.float32((y + 0.5) * (2.0 / height) - 1.0) * np.float32(_LEAN) + np.float32(_LAMP)
        for x in range(width):
            if layer[y, x] <= 0:
                continue
            tilt_across = np.float32((x + 0.5) * (2.0 / width) - 1.0) * np.float32(_LEAN) + np.float32(_LAMP)
            down = (below[x] - above[x]) * half
            across = (raised[y, min(x + 1, width - 1)] - raised[y, max(x - 1, 0)]) * half
            cosine = max(one + down * tilt_down + across * tilt_across, np.float32(0.0))
            steep = down * down + across * across
            value = cosine * cosine / ((one + steep) * (one + tilt_down * tilt_down + tilt_across * tilt_across))
            for _ in range(_SHARPNESS - 1):
                value *= value
            result[0, y, x] = value
            result[1, y, x] = steep / (one + steep)
