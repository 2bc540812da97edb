"""A layer of coloured fluid before the scene: it absorbs, scatters its own colour back and mirrors the lamp."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from .backend import Floats, batch, compiled, planes


def absorb(
    images: Tensor, thickness: Tensor, dimming: Tensor, glow: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Look at (B, 3, H, W) through a layer of fluid.

    By Beer-Lambert channel c keeps T_c = exp(-absorption_c thickness); the result is
    dimming (images T_c + body_c light (1 - T_c)) + gloss (1 - T_green). Pixels of thickness 0 are left as they are.

    Args:
        images: (B, 3, H, W) in [0, 1].
        thickness: (B, 1, H, W) >= 0, in the unit of ``absorption``.
        dimming: (B, 1, H, W) in [0, 1].
        glow: (B, 2, H, W) in [0, 1]: the light that falls on the layer, and the part that it mirrors.
        absorption: of red, green and blue, per unit of thickness.
        body: the colour that a thick layer sends back.

    Returns:
        The picture (B, 3, H, W), and the opacity (B, 1, H, W): 1 - T, averaged over the channels.
    """
    if not compiled(images):
        return absorb_torch(images, thickness, dimming, glow, absorption, body)
    stack = planes(images).reshape(*images.shape)
    result = np.empty_like(stack)
    opacity = np.zeros((len(stack), 1, *stack.shape[-2:]), np.float32)
    depth, dim, shine = (field.contiguous().numpy() for field in (thickness, dimming, glow))
    _absorb(stack, depth, dim, shine, np.array(absorption), np.array(body, np.float32), result, opacity)
    return batch(result.reshape(-1, *stack.shape[-2:]), images), torch.from_numpy(opacity)


def absorb_torch(
    images: Tensor, thickness: Tensor, dimming: Tensor, glow: Tensor, absorption: Sequence[float], body: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """:func:`absorb` on any device."""
    kept = torch.exp(-images.new_tensor(absorption)[:, None, None] * thickness)
    colour = images.new_tensor(body)[:, None, None]
    light, gloss = glow[:, :1], glow[:, 1:]
    seen = dimming * (images * kept + colour * light * (1.0 - kept)) + gloss * (1.0 - kept[:, 1:2])
    return torch.where(thickness > 0, seen, images), (1.0 - kept).mean(1, keepdim=True)


@njit(cache=True, nogil=True)
def _absorb(
    stack: Floats,
    thickness: Floats,
    dimming: Floats,
    glow: Floats,
    absorption: NDArray[np.float64],
    body: Floats,
    result: Floats,
    opacity: Floats,
) -> None:
    one = np.float32(1.0)
    kept = np.empty(3, np.float32)
    count, _, height, width = stack.shape
    for b in range(count):
        for y in range(height):
            for x in range(width):
                depth = np.float64(thickness[b, 0, y, x])
                if depth <= 0.0:
                    for c in range(3):
                        result[b, c, y, x] = stack[b, c, y, x]
                    continue
                for c in range(3):
                    kept[c] = math.exp(-absorption[c] * depth)
                mirrored = glow[b, 1, y, x] * (one - kept[1])
                for c in range(3):
                    inside = stack[b, c, y, x] * kept[c] + body[c] * glow[b, 0, y, x] * (one - kept[c])
                    result[b, c, y, x] = dimming[b, 0, y, x] * inside + mirrored
                opacity[b, 0, y, x] = one - (kept[0] + kept[1] + kept[2]) / np.float32(3.0)
