"""From logits to a label map at the size of the mask: bilinear interpolation, then the largest class."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from numpy.typing import NDArray
from torch import Tensor


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels uint8 (B, H, W) of ``size`` from logits (B, C, h, w).

    The interpolation is that of ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``; of equal
    logits the first class wins. On the CPU both steps are one compiled pass: torch's argmax over the channels costs
    more than the network of a small model.
    """
    if logits.device.type == "cpu":
        rows, columns = (taps(length, wanted) for length, wanted in zip(logits.shape[2:], size, strict=True))
        maps = np.ascontiguousarray(logits.float().numpy())
        return torch.from_numpy(np.stack([_largest(item, *rows, *columns) for item in maps]))
    if logits.shape[2:] != size:
        logits = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
    return logits.argmax(1).byte()


def taps(length: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each wanted position: its two neighbours and the weight of the second."""
    place = np.clip((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0, length - 1)
    low = np.floor(place).astype(np.int64)
    return low, np.minimum(low + 1, length - 1), (place - low).astype(np.float32)


@njit(cache=True, nogil=True)
def _largest(
    logits: NDArray[np.float32],
    top: NDArray[np.int64],
    bottom: NDArray[np.int64],
    down: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    across: NDArray[np.float32],
) -> NDArray[np.uint8]:
    classes, _, length = logits.shape
    height, width = top.size, left.size
    labels = np.zeros((height, width), np.uint8)
    line = np.empty(length, np.float32)
    best = np.empty(width, np.float32)
    for y in range(height):
        best[:] = -np.inf
        for c in range(classes):
            above, below = logits[c, top[y]], logits[c, bottom[y]]
            for x in range(length):
                line[x] = above[x] + down[y] * (below[x] - above[x])
            for x in range(width):
                value = line[left[x]] + across[x] * (line[right[x]] - line[left[x]])
                if value > best[x]:
                    best[x] = value
                    labels[y, x] = c
    return labels
