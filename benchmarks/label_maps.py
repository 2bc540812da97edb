"""Label maps with 7 classes: a synthetic surgical scene with a plausible prediction, and random regions."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from robustbench_endo.data.synthetic import SyntheticScenes

CLASSES = 7
LabelMap = NDArray[np.uint8]
Pair = tuple[torch.Tensor, torch.Tensor]


def scene(size: tuple[int, int] = (512, 640), index: int = 3) -> Pair:
    """Prediction and target, uint8 (1, H, W): outlines shifted by about 3 px, and a few false spots."""
    target = SyntheticScenes(size=size)[index].mask
    assert target is not None
    return torch.from_numpy(mistaken(target.numpy(), index))[None], target[None]


def regions(size: tuple[int, int] = (512, 640)) -> Pair:
    """Two unrelated maps of smooth random regions, every class in all parts of both: slower than any scene."""
    return tuple(torch.from_numpy(_regions(size, seed))[None] for seed in (0, 1))  # type: ignore[return-value]


def _regions(size: tuple[int, int], seed: int) -> LabelMap:
    random = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(random.normal(size=(CLASSES, *size)), (0, 15, 15))
    return np.asarray(fields.argmax(0), np.uint8)


def mistaken(target: LabelMap, seed: int) -> LabelMap:
    """A prediction of a label map: outlines shifted by about 3 px, and a few false spots."""
    random = np.random.default_rng(seed)
    shift = ndimage.gaussian_filter(random.normal(size=(2, *target.shape)), (0, 12, 12))
    position = np.indices(target.shape) + 3 * shift / shift.std()
    moved = ndimage.map_coordinates(target, position, order=0, mode="nearest")
    spots = ndimage.gaussian_filter(random.normal(size=target.shape), 6)
    return np.where(spots > 3.2 * spots.std(), random.integers(CLASSES), moved).astype(np.uint8)
