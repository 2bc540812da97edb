"""Problems of mask labels and activities: beyond the classes, holes, one class, absent from a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.data.checking.report import Facts, Problem, listed
from robustbench_endo.types import IGNORE

Counts = NDArray[np.int64]


def label_problems(facts: Sequence[Facts], classes: Sequence[str]) -> Iterator[Problem]:
    """Labels that cannot be right, over all splits."""
    masked = [fact for fact in facts if fact.mask_size is not None]
    if not masked:
        return
    pixels = _pixels(masked)
    used = [int(label) for label in np.flatnonzero(pixels)]
    if beyond := [label for label in used if label >= len(classes)]:
        frames = [fact.where for fact in masked if fact.labels[beyond].any()]
        yield Problem(
            "labels",
            f"Labels beyond the {len(classes)} classes ({_numbers(beyond)}) in "
            f"{len(frames)} masks: correct the masks or give all class names with --classes.",
            tuple(frames),
        )
    elif not pixels.any():
        yield Problem("classes", "Every mask is ignored as a whole (255): nothing can be learned or scored.")
    elif len(used) == 1:
        yield Problem(
            "classes",
            f"Every mask holds one class alone ({used[0]}: {classes[used[0]]}): nothing can be learned or told apart; "
            "check that the masks are label maps, not pictures of another coding.",
        )
    elif absent := [label for label in range(max(used)) if not pixels[label] and _unnamed(classes[label])]:
        yield Problem(
            "labels",
            f"The labels have holes: {_numbers(used)} occur, {_numbers(absent)} do not{_common(pixels, used)}: number "
            "them from 0 without gaps, or name all classes with --classes or classes.txt where those are only rare.",
        )


def label_remarks(facts: Sequence[Facts], classes: Sequence[str], splits: Sequence[str]) -> Iterator[Problem]:
    """Named classes that occur nowhere, or only in some splits; masks without any foreground."""
    by_split = {split: _pixels([fact for fact in facts if fact.split == split]) for split in splits}
    by_split = {split: pixels for split, pixels in by_split.items() if pixels.any()}
    if not by_split:
        return
    named = [label for label, name in enumerate(classes[:IGNORE]) if not _unnamed(name)]
    if nowhere := [classes[label] for label in named if not any(pixels[label] for pixels in by_split.values())]:
        yield Problem("classes", f"In no mask: {listed(nowhere, 12)}.")
    yield from _in_some(
        "classes", {split: {classes[i] for i in range(len(classes)) if by_split[split][i]} for split in by_split}
    )


def activity_remarks(facts: Sequence[Facts], activities: Sequence[str], splits: Sequence[str]) -> Iterator[Problem]:
    """One activity alone; activities that occur only in some splits."""
    found = {
        split: {activities[fact.activity] for fact in facts if fact.split == split and fact.activity is not None}
        for split in splits
    }
    found = {split: names for split, names in found.items() if names}
    together = set().union(*found.values())
    if len(together) == 1:
        yield Problem(
            "activities", f"Every frame has the same activity ({together.pop()}): there is nothing to tell apart."
        )
    yield from _in_some("activities", found)


def _in_some(kind: str, found: Mapping[str, set[str]]) -> Iterator[Problem]:
    for split, names in found.items():
        others = set().union(*(found[other] for other in found if other != split))
        for other, theirs in found.items():
            if other != split and other == "train" and (only := sorted(names - theirs)):
                yield Problem(kind, f"In {split}, but never in train: {listed(only, 12)}: no model can learn them.")
        if split == "train" and len(found) > 1 and (only := sorted(names - others)):
            yield Problem(kind, f"In train alone: {listed(only, 12)}: they are never tested.")


def _numbers(labels: Sequence[int]) -> str:
    return listed([str(label) for label in labels], 8)


def _common(pixels: Counts, used: Sequence[int]) -> str:
    """The values that make up nearly all pixels, where many others are only traces of a lossy codec."""
    common = [label for label in used if pixels[label] >= 0.01 * pixels.sum()]
    if len(used) <= 4 * len(common):
        return ""
    share = 100 * pixels[common].sum() / pixels.sum()
    return (
        f" ({share:.1f} % of the pixels are {_numbers(common)}: a lossy codec may have blurred these; of a video, they "
        "go into levels.txt)"
    )


def _pixels(facts: Sequence[Facts]) -> Counts:
    """Pixels of each label over frames, (256,), ignored ones left out."""
    pixels: Counts = np.sum([fact.labels for fact in facts], axis=0) if facts else np.zeros(256, np.int64)
    return np.where(np.arange(256) == IGNORE, 0, pixels)


def _unnamed(name: str) -> bool:
    return name.startswith("class ") and name[6:].isdigit()
