"""Statistics of single frames that the validation of a data set is computed from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.corruptions.content_area import detect_content_area
from robustbench_endo.data.reading import LossyMaskError, SeveralFramesError
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import Dataset, Sample

HASH_SIZE = 16
"""Rows and columns of the difference hash: few enough to ignore noise and compression, enough to separate scenes."""

_FLAT_RANGE = 16
"""Range of grey values of the reduced image below which it has no hash."""


@dataclass(frozen=True)
class FrameStats:
    """Statistics of one frame.

    Attributes:
        split: name.
        id: name of the frame.
        subject_id: patient or sequence.
        error: why the frame cannot be read; empty when it can.
        error_kind: ``JPEG mask``, ``several frames`` or ``unreadable``.
        turned: whether an EXIF orientation turns the image or its mask.
        size: (height, width) of the image.
        has_surround: whether a black surround is detected around the content area.
        mask_size: of its mask, None without one.
        labels: number of pixels of each mask value, (256,).
        activity: class index or None.
        checksum: SHA-256 of the pixels.
        difference_hash: see :func:`difference_hash`.
        missing: recorded conditions that the frame should have but lacks, with the reasons.
    """

    split: str
    id: str
    subject_id: str
    error: str = ""
    error_kind: str = "unreadable"
    turned: bool = False
    size: tuple[int, int] | None = None
    has_surround: bool = False
    mask_size: tuple[int, int] | None = None
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    activity: int | None = None
    checksum: str = ""
    difference_hash: NDArray[np.int8] = field(default_factory=lambda: np.zeros(HASH_SIZE * HASH_SIZE, np.int8))
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def location(self) -> str:
        """``split: id``."""
        return f"{self.split}: {self.id}"


def frame_stats(split: str, dataset: Dataset, index: int) -> FrameStats:
    """The statistics of one frame."""
    image_id, subject = dataset.ids[index], dataset.subjects[index]
    try:
        sample = dataset[index]
    except DataError as error:
        return FrameStats(split, image_id, subject, str(error), _kind(error))
    pixels = sample.image.permute(1, 2, 0).numpy()
    return FrameStats(
        split,
        image_id,
        subject,
        turned=bool(getattr(dataset, "is_turned", _never)(index)),
        size=(pixels.shape[0], pixels.shape[1]),
        has_surround=detect_content_area(pixels) is not None,
        mask_size=None if sample.mask is None else (sample.mask.shape[0], sample.mask.shape[1]),
        labels=_count_labels(sample),
        activity=sample.activity,
        checksum=hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest(),
        difference_hash=difference_hash(pixels),
        missing=tuple(_missing_conditions(dataset, index)),
    )


def _kind(error: DataError) -> str:
    if isinstance(error, LossyMaskError):
        return "JPEG mask"
    return "several frames" if isinstance(error, SeveralFramesError) else "unreadable"


def _never(index: int) -> bool:
    """For a data set without image files."""
    return False


def difference_hash(pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Whether each pixel of the image reduced to 16 x 17 is brighter than its left neighbour (N. Krawetz, 2013).

    Two images look alike where nearly all values agree.

    Args:
        pixels: uint8 (H, W, 3).

    Returns:
        int8 (256,), +1 or -1; 0 everywhere for an image of nearly one grey value.

    >>> int(difference_hash(np.full((8, 8, 3), 90, np.uint8)).sum())
    0
    """
    grey = Image.fromarray(pixels).convert("L").resize((HASH_SIZE + 1, HASH_SIZE), Image.Resampling.BOX)
    levels = np.asarray(grey, np.int16)
    signs = np.where(np.diff(levels, axis=1) > 0, 1, -1).astype(np.int8).ravel()
    return signs * np.int8(np.ptp(levels) >= _FLAT_RANGE)


def _count_labels(sample: Sample) -> NDArray[np.int64]:
    if sample.mask is None:
        return np.zeros(256, np.int64)
    return np.bincount(sample.mask.numpy().ravel(), minlength=256).astype(np.int64)


def _missing_conditions(dataset: Any, index: int) -> list[tuple[str, str]]:
    missing = []
    for condition in getattr(dataset, "recorded_conditions", ()):
        try:
            dataset.recorded(index, condition)
        except FrameError as error:
            missing.append((condition, str(error)))
    return missing
