"""What a look over a data set found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something to mend, or for a remark, something to know.

    Attributes:
        kind: ``unreadable``, ``labels``, ``classes``, ``split``, ``groups``, ``identical``, ``alike`` or
            ``activities``.
        text: one sentence: what was found, and what to do.
        frames: all frames concerned, as ``split: id``.
    """

    kind: str
    text: str
    frames: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupFindings:
    """Frames of one group (patient, sequence): all, those with a mask, those with an activity."""

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
        groups: by name, in the order of the frames.
        sizes: ``1280 x 1024`` (width x height) -> frames.
        classes: label -> share, for every label that the data set names or the masks hold.
        ignored: share of mask pixels that are 255, 0 to 1.
        activity_frames: activity -> frames.
    """

    frames: int
    read: int
    masks: int
    activities: int
    groups: Mapping[str, GroupFindings]
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
