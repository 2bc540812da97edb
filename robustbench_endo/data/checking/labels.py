"""Problems of mask labels and activities: beyond the classes, gaps, a single class, missing from a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.checking.frame_stats import FrameStats
from robustbench_endo.data.checking.report import Problem, join_names
from robustbench_endo.types import IGNORE

Counts = NDArray[np.int64]


def label_problems(frames: Sequence[FrameStats], classes: Sequence[str]) -> Iterator[Problem]:
    """Labels that cannot be correct, over all splits."""
    masked = [frame for frame in frames if frame.mask_size is not None]
    if not masked:
        return
    pixels = _count_pixels(masked)
    used = [int(label) for label in np.flatnonzero(pixels)]
    if beyond := [label for label in used if label >= len(classes)]:
        affected = [frame.location for frame in masked if frame.labels[beyond].any()]
        yield Problem(
            "labels",
            f"Labels beyond the {len(classes)} classes ({_numbers(beyond)}) in "
            f"{len(affected)} masks: correct the masks or give all class names with --classes.",
            tuple(affected),
        )
    elif not pixels.any():
        yield Problem("classes", "Every pixel of every mask is ignored (255): nothing can be learned or scored.")
    elif len(used) == 1:
        yield Problem(
            "classes",
            f"All masks contain a single class ({used[0]}: {classes[used[0]]}): nothing can be learned or "
            "distinguished; check that the masks are label maps, not images of another coding.",
        )
    elif absent := [label for label in range(max(used)) if not pixels[label] and _is_unnamed(classes[label])]:
        yield Problem(
            "labels",
            f"The labels have gaps: {_numbers(used)} occur, {_numbers(absent)} do not{_common_values(pixels, used)}: "
            "number them from 0 without gaps, or name all classes with --classes or classes.txt where those are only "
            "rare.",
        )


def label_remarks(frames: Sequence[FrameStats], classes: Sequence[str], splits: Sequence[str]) -> Iterator[Problem]:
    """Named classes that occur nowhere, or only in some splits."""
    by_split = {split: _count_pixels([frame for frame in frames if frame.split == split]) for split in splits}
    by_split = {split: pixels for split, pixels in by_split.items() if pixels.any()}
    if not by_split:
        return
    named = [label for label, name in enumerate(classes[:IGNORE]) if not _is_unnamed(name)]
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
            yield Problem(kind, f"In {split}, but never in train: {join_names(unknown, 12)}: no model can learn them.")
        if split == "train" and len(by_split) > 1 and (untested := sorted(names - others)):
            yield Problem(kind, f"Only in train: {join_names(untested, 12)}: they are never tested.")


def _numbers(labels: Sequence[int]) -> str:
    return join_names([str(label) for label in labels], 8)


def _common_values(pixels: Counts, used: Sequence[int]) -> str:
    """The values of nearly all pixels, where many others are only artefacts of a lossy codec."""
    common = [label for label in used if pixels[label] >= 0.01 * pixels.sum()]
    if len(used) <= 4 * len(common):
        return ""
    share = 100 * pixels[common].sum() / pixels.sum()
    return (
        f" ({share:.1f} % of the pixels are {_numbers(common)}: a lossy codec may have blurred these; for a video, "
        "write them to levels.txt)"
    )


def _count_pixels(frames: Sequence[FrameStats]) -> Counts:
    """Number of pixels of each label over frames, (256,), without ignored ones."""
    pixels: Counts = np.sum([frame.labels for frame in frames], axis=0) if frames else np.zeros(256, np.int64)
    return np.where(np.arange(256) == IGNORE, 0, pixels)


def _is_unnamed(name: str) -> bool:
    return name.startswith("class ") and name[6:].isdigit()
