"""Whole patches: images are padded below and to the right, so that the place of every pixel stays."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def to_multiple(images: Tensor, multiple: int) -> Tensor:
    """(B, C, H, W) with the last row and column repeated until both sides are multiples."""
    below, right = -images.shape[2] % multiple, -images.shape[3] % multiple
    return F.pad(images, (0, right, 0, below), mode="replicate") if below or right else images
