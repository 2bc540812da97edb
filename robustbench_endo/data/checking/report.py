"""Results of the validation of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """An error in a data set, or a warning about it.

    Attributes:
        kind: ``unreadable``, ``JPEG mask``, ``several frames``, ``orientation``, ``labels``, ``classes``, ``split``,
            ``subjects``, ``identical``, ``alike`` or ``activities``.
        text: one sentence: what was detected, and what to do.
        frames: all frames concerned, as ``split: id``.
    """

    kind: str
    text: str
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubjectFindings:
    """Number of frames of one subject (patient, sequence).

    Attributes:
        frames: all of them.
        masks: those with a mask.
        activities: those with an activity.
    """

    frames: int
    masks: int
    activities: int


@dataclass(frozen=True)
class LabelShare:
    """Frequency of a label.

    Attributes:
        pixels: share of the pixels that are not ignored, 0 to 1.
        frames: share of the frames with a mask in which it occurs, 0 to 1.
    """

    pixels: float
    frames: float


@dataclass(frozen=True)
class SplitFindings:
    """Content of one split.

    Attributes:
        frames: number of frames.
        read: readable ones.
        masks: those with a mask.
        activities: those with an activity.
        subjects: by name, in the order of the frames.
        surround: frames with a black surround around the scope's content area.
        sizes: ``1280 x 1024`` (width x height) -> number of frames.
        classes: label -> share, for every label that the data set names or the masks contain.
        ignored: share of mask pixels that are 255, 0 to 1.
        activity_frames: activity -> number of frames.
    """

    frames: int
    read: int
    masks: int
    activities: int
    subjects: Mapping[str, SubjectFindings]
    surround: int
    sizes: Mapping[str, int]
    classes: Mapping[int, LabelShare]
    ignored: float
    activity_frames: Mapping[str, int]


@dataclass(frozen=True)
class Findings:
    """Content and problems of a data set.

    Attributes:
        name: of the data set.
        classes: names of the mask labels.
        activities: names of the activities.
        splits: by name.
        problems: errors that make results wrong or impossible; empty for clean data.
        remarks: warnings about properties that may be intended.
    """

    name: str
    classes: tuple[str, ...]
    activities: tuple[str, ...]
    splits: Mapping[str, SplitFindings]
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]


def join_names(names: Sequence[str], limit: int = 3) -> str:
    """The first names of a list and the number of the others, for a message.

    >>> join_names(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    text = ", ".join(names[:limit])
    return text if len(names) <= limit else f"{text} and {len(names) - limit} more"


def count_noun(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count_noun(1, "image"), count_noun(2, "image")
    ('1 image', '2 images')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
