"""What one frame tells, so that no frame is decoded twice or kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import Dataset, Sample

SIGHT = 16
"""Rows and columns of a picture's sight: few enough that noise and compression do not show, enough to tell scenes."""


@dataclass(frozen=True)
class Facts:
    """One frame.

    Attributes:
        split, id, group: names.
        reason: why it cannot be read; empty when it can.
        size: (height, width) of the picture; mask_size: of its mask, None without one.
        labels: pixels of each mask value, (256,).
        activity: class index or None.
        content: hash of the pixels.
        sight: is each coarse pixel brighter than its left neighbour, (256,) of ±1; all 0 for a flat picture. Two
            pictures are alike where nearly all agree (difference hash, N. Krawetz 2013).
        missing: real conditions that the frame should have and has not -> reason.
    """

    split: str
    id: str
    group: str
    reason: str = ""
    size: tuple[int, int] | None = None
    mask_size: tuple[int, int] | None = None
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    activity: int | None = None
    content: str = ""
    sight: NDArray[np.int8] = field(default_factory=lambda: np.zeros(SIGHT * SIGHT, np.int8))
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def where(self) -> str:
        """``split: id``."""
        return f"{self.split}: {self.id}"


def facts_of(split: str, dataset: Dataset, index: int) -> Facts:
    """The facts of one frame."""
    image_id, group = dataset.ids[index], dataset.groups[index]
    try:
        sample = dataset[index]
    except DataError as error:
        return Facts(split, image_id, group, str(error))
    pixels = sample.image.permute(1, 2, 0).numpy()
    return Facts(
        split,
        image_id,
        group,
        "",
        (pixels.shape[0], pixels.shape[1]),
        None if sample.mask is None else (sample.mask.shape[0], sample.mask.shape[1]),
        _labels(sample),
        sample.activity,
        hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest(),
        sight(pixels),
        tuple(_missing(dataset, index)),
    )


def sight(pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The difference hash of a picture uint8 (H, W, 3), (256,) of ±1; all 0 for a flat picture."""
    grey = Image.fromarray(pixels).convert("L").resize((SIGHT + 1, SIGHT), Image.Resampling.BOX)
    levels = np.asarray(grey, np.int16)
    signs = np.where(np.diff(levels, axis=1) > 0, 1, -1).astype(np.int8).ravel()
    return signs * np.int8(np.ptp(levels) >= 16)


def _labels(sample: Sample) -> NDArray[np.int64]:
    if sample.mask is None:
        return np.zeros(256, np.int64)
    return np.bincount(sample.mask.numpy().ravel(), minlength=256).astype(np.int64)


def _missing(dataset: Any, index: int) -> list[tuple[str, str]]:
    missing = []
    for condition in getattr(dataset, "real_conditions", ()):
        try:
            dataset.real(index, condition)
        except FrameError as error:
            missing.append((condition, str(error)))
    return missing
