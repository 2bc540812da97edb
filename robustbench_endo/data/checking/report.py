"""What a look over a data set found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.types import Dataset, Sample


@dataclass(frozen=True)
class Problem:
    """Something to mend, or for a remark, something to know.

    Attributes:
        kind: ``unreadable``, ``labels``, ``classes``, ``split``, ``subjects``, ``identical``, ``alike`` or
            ``activities``.
        text: one sentence: what was found, and what to do.
        frames: all frames concerned, as ``split: id``.
    """

    kind: str
    text: str
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupFindings:
    """Frames of one subject (patient, sequence): all, those with a mask, those with an activity."""

    frames: int
    masks: int
    activities: int


@dataclass(frozen=True)
class Share:
    """How common a label is.

    Attributes:
        pixels: share of the pixels that are not ignored, 0 to 1.
        frames: share of the frames with a mask in which it occurs, 0 to 1.
    """

    pixels: float
    frames: float


@dataclass(frozen=True)
class SplitFindings:
    """One split.

    Attributes:
        frames, read, masks, activities: frames listed, readable, with a mask, with an activity.
        subjects: by name, in the order of the frames.
        sizes: ``1280 x 1024`` (width x height) -> frames.
        classes: label -> share, for every label that the data set names or the masks hold.
        ignored: share of mask pixels that are 255, 0 to 1.
        activity_frames: activity -> frames.
    """

    frames: int
    read: int
    masks: int
    activities: int
    subjects: Mapping[str, GroupFindings]
    sizes: Mapping[str, int]
    classes: Mapping[int, Share]
    ignored: float
    activity_frames: Mapping[str, int]


@dataclass(frozen=True)
class Findings:
    """A data set.

    Attributes:
        name: of the data set.
        classes: names of the mask labels.
        activities: names of the activities.
        splits: by name.
        problems: what makes results wrong or impossible; empty for clean data.
        remarks: what may be as it should, and is good to know.
    """

    name: str
    classes: tuple[str, ...]
    activities: tuple[str, ...]
    splits: Mapping[str, SplitFindings]
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]


def listed(names: list[str], most: int = 3) -> str:
    """``a, b, c and 4 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


SIGHT = 16
"""Rows and columns of a picture's sight: few enough that noise and compression do not show, enough to tell scenes."""


@dataclass(frozen=True)
class Facts:
    """One frame.

    Attributes:
        split, id, subject: names.
        reason: why it cannot be read; empty when it can.
        size: (height, width) of the picture; mask_size: of its mask, None without one.
        labels: pixels of each mask value, (256,).
        activity: class index or None.
        content: hash of the pixels.
        sight: is each coarse pixel brighter than its left neighbour, (256,) of ±1; all 0 for a flat picture. Two
            pictures are alike where nearly all agree (difference hash, N. Krawetz 2013).
        missing: recorded conditions that the frame should have and has not -> reason.
    """

    split: str
    id: str
    subject_id: str
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
    image_id, subject = dataset.ids[index], dataset.subjects[index]
    try:
        sample = dataset[index]
    except DataError as error:
        return Facts(split, image_id, subject, str(error))
    pixels = sample.image.permute(1, 2, 0).numpy()
    return Facts(
        split,
        image_id,
        subject,
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
    for condition in getattr(dataset, "recorded_conditions", ()):
        try:
            dataset.recorded(index, condition)
        except FrameError as error:
            missing.append((condition, str(error)))
    return missing
