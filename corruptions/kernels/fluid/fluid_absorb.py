"""A layer of coloured fluid before the scene: it absorbs, scatters its own colour back and mirrors the lamp."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from torch import Tensor

from ..backend import Doubles, Floats, compiled


def absorb(
    thickness: Tensor, dimming: Tensor, glow: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> Tensor:
    """What a layer of fluid does to the light that comes through it, as the fields of :func:`.field_veil.veil`.

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
