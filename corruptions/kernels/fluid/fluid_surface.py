"""What the surface of a layer of fluid shows: its slopes, and the lamp in them."""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from torch import Tensor

from ..backend import Floats, compiled
from ..resampling.remap import identity_grid

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
