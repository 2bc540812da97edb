"""Frames as a user's model wants them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.models.users.adapter import Adapter


def prepared(images: Tensor, adapter: Adapter, size: tuple[int, int] | None) -> Tensor:
    """Resized, then brought to the adapter's channel order, range and normalisation.

    Args:
        images: float (B, 3, H, W) in [0, 1], RGB; never changed.
        size: height and width; None = the frames' own, up to the adapter's ``multiple_of``.
    """
    images = _resized(images, size or _multiple(images, adapter.multiple_of))
    if adapter.channel_order == "BGR":
        images = images.flip(1)
    low, high = adapter.value_range
    if (low, high) != (0.0, 1.0):
        images = images * (high - low) + low
    if adapter.mean is not None:
        images = images - _channels(adapter.mean, images)
    return images if adapter.std is None else images / _channels(adapter.std, images)


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(images.shape[2:]) == size:
        return images
    return F.interpolate(images, size, mode="bilinear", antialias=True)


def _multiple(images: Tensor, number: int) -> tuple[int, int]:
    height, width = images.shape[2:]
    return -(-height // number) * number, -(-width // number) * number


def _channels(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(3, 1, 1)
