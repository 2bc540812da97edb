"""Something in front of the scene: what it lets through and what it shows itself, in one pass over the frame."""

from __future__ import annotations

import numpy as np
from numba import njit
from torch import Tensor

from .backend import Floats, batch, compiled, planes


def blend(images: Tensor, opacity: Tensor, light: Tensor, colour: Tensor) -> Tensor:
    """I = J (1 - opacity) + light * colour * opacity.

    Args:
        images: J, float32 (B, 3, H, W).
        opacity: (B, 1, H, W), or (B, 3, H, W) when it differs between the channels.
        light: (B, 1, H, W), how brightly the thing in front is lit.
        colour: (B, 3, 1, 1), the thing's own colour.
    """
    if not compiled(images):
        return blend_torch(images, opacity, light, colour)
    result = np.empty(tuple(images.shape), np.float32)
    _blend(_volume(images), _volume(opacity), _volume(light), _volume(colour)[:, :, 0, 0], result)
    return batch(result.reshape(-1, *images.shape[-2:]), images)


def blend_torch(images: Tensor, opacity: Tensor, light: Tensor, colour: Tensor) -> Tensor:
    """:func:`blend` on any device."""
    return images + opacity * (light * colour - images)


def _volume(tensor: Tensor) -> Floats:
    return planes(tensor).reshape(*tensor.shape)


@njit(cache=True, nogil=True)
def _blend(images: Floats, opacity: Floats, light: Floats, colour: Floats, result: Floats) -> None:
    count, channels, height, _ = images.shape
    for b in range(count):
        for c in range(channels):
            for y in range(height):
                cover = opacity[b, min(c, opacity.shape[1] - 1), y]
                _mix(images[b, c, y], cover, light[b, 0, y], colour[b, c], result[b, c, y])


@njit(cache=True, nogil=True, inline="always")
def _mix(scene: Floats, opacity: Floats, light: Floats, colour: np.float32, target: Floats) -> None:
    for x in range(len(target)):
        target[x] = scene[x] + opacity[x] * (light[x] * colour - scene[x])
