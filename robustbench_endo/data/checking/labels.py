"""Problems of mask labels and activities: beyond the classes, gaps, a single class, missing from a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.checking.frame_stats import FrameStats
from robustbench_endo.data.checking.report import Problem, join_names
from robustbench_endo.data.mask_coding import coding_problem, is_unnamed
from robustbench_endo.types import IGNORE

Counts = NDArray[np.int64]


def label_problems(frames: Sequence[FrameStats], classes: Sequence[str], *, named: bool = True) -> Iterator[Problem]:
    """Labels that cannot be correct, over all splits.

    Args:
        frames: statistics of all frames.
        classes: names of the labels.
        named: whether the names are given, rather than counted from the largest value of the masks.
    """
    masked = [frame for frame in frames if frame.mask_size is not None]
    if not masked:
        return
    pixels = np.sum([frame.labels for frame in masked], axis=0)
    beyond = [int(label) for label in np.flatnonzero(pixels) if len(classes) <= label < IGNORE]
    if beyond:
        affected = [frame.location for frame in masked if frame.labels[beyond].any()]
        yield Problem(
            "labels",
            f"Labels beyond the {len(classes)} classes ({_numbers(beyond)}) in {len(affected)} masks: correct the "
            "masks, give all class names with --classes, or map the values with --label-map.",
            tuple(affected),
        )
    elif problem := coding_problem(pixels, classes, named=named):
        yield Problem("labels", problem)


def label_remarks(frames: Sequence[FrameStats], classes: Sequence[str], splits: Sequence[str]) -> Iterator[Problem]:
    """Named classes that occur nowhere, or only in some splits."""
    by_split = {split: _count_pixels([frame for frame in frames if frame.split == split]) for split in splits}
    by_split = {split: pixels for split, pixels in by_split.items() if pixels.any()}
    if not by_split:
        return
    named = [label for label, name in enumerate(classes[:IGNORE]) if not is_unnamed(name)]
    if nowhere := [classes[label] for label in named if not any(pixels[label] for pixels in by_split.values())]:
        yield Problem("classes", f"In no mask: {join_names(nowhere, 12)}.")
    yield from _only_in_some(
        "classes", {split: {classes[i] for i in range(len(classes)) if by_split[split][i]} for split in by_split}
    )


def activity_remarks(
    frames: Sequence[FrameStats], activities: Sequence[str], splits: Sequence[str]
) -> Iterator[Problem]:
    """A single activity; activities that occur only in some splits."""
    by_split = {
        split: {activities[frame.activity] for frame in frames if frame.split == split and frame.activity is not None}
        for split in splits
    }
    by_split = {split: names for split, names in by_split.items() if names}
    names = set().union(*by_split.values())
    if len(names) == 1:
        yield Problem(
            "activities", f"Every frame has the same activity ({names.pop()}): there is nothing to distinguish."
        )
    yield from _only_in_some("activities", by_split)


def _only_in_some(kind: str, by_split: Mapping[str, set[str]]) -> Iterator[Problem]:
    for split, names in by_split.items():
        others = set().union(*(by_split[other] for other in by_split if other != split))
        if split != "train" and "train" in by_split and (unknown := sorted(names - by_split["train"])):
            yield Problem(
                kind,
                f"In {split}, but not in train: {join_names(unknown, 12)}: a model trained on this train split cannot "
                "predict them.",
            )
        if split == "train" and len(by_split) > 1 and (untested := sorted(names - others)):
            yield Problem(kind, f"Only in train: {join_names(untested, 12)}: they are never tested.")


def _numbers(labels: Sequence[int]) -> str:
    return join_names([str(label) for label in labels], 8)


def _count_pixels(frames: Sequence[FrameStats]) -> Counts:
    """Number of pixels of each label over frames, (256,), without ignored ones."""
    pixels: Counts = np.sum([frame.labels for frame in frames], axis=0) if frames else np.zeros(256, np.int64)
    return np.where(np.arange(256) == IGNORE, 0, pixels)
