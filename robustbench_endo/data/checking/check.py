"""One pass over all frames of all splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from robustbench_endo.data.checking.labels import activity_remarks, label_problems, label_remarks
from robustbench_endo.data.checking.leakage import leakage_problems, leakage_remarks
from robustbench_endo.data.checking.report import (
    Facts,
    Findings,
    GroupFindings,
    Problem,
    Share,
    SplitFindings,
    facts_of,
)
from robustbench_endo.data.checking.unreadable import frame_problems
from robustbench_endo.types import IGNORE, Dataset

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all)."""


def check(
    splits: Mapping[str, Dataset],
    broken: Mapping[str, str] | None = None,
    progress: Progress = lambda done, total: None,
) -> Findings:
    """Read every frame once and tell what is there and what is wrong.

    Args:
        splits: name -> frames; all of one data set.
        broken: splits that cannot be listed -> why; each is a problem.
        progress: called after every frame.
    """
    facts = _read(splits, progress)
    classes = max((data.classes for data in splits.values()), key=len)
    activities = max((data.activities for data in splits.values()), key=len)
    names = list(splits)
    problems = [
        Problem("split", f"The split {split} has no frames: {reason}") for split, reason in (broken or {}).items()
    ]
    problems += [*frame_problems(facts), *label_problems(facts, classes), *leakage_problems(facts)]
    remarks = [*label_remarks(facts, classes, names), *activity_remarks(facts, activities, names)]
    remarks += leakage_remarks(facts)
    found = {
        split: _split([fact for fact in facts if fact.split == split], len(classes), activities) for split in splits
    }
    name = next(iter(splits.values())).name
    return Findings(name, classes, activities, found, tuple(problems), tuple(remarks))


def _read(splits: Mapping[str, Dataset], progress: Progress) -> list[Facts]:
    places = [(split, data, index) for split, data in splits.items() for index in range(len(data))]
    facts = []
    with ThreadPoolExecutor() as pool:
        for fact in pool.map(lambda place: facts_of(*place), places):
            facts.append(fact)
            progress(len(facts), len(places))
    return facts


def _split(facts: Sequence[Facts], classes: int, activities: Sequence[str]) -> SplitFindings:
    read = [fact for fact in facts if not fact.reason]
    masked = [fact for fact in read if fact.mask_size is not None]
    pixels = np.sum([fact.labels for fact in masked], axis=0) if masked else np.zeros(256, np.int64)
    scored = int(pixels.sum() - pixels[IGNORE])
    labels = [label for label in range(256) if label != IGNORE and (label < classes or pixels[label])]
    occurs = {label: sum(bool(fact.labels[label]) for fact in masked) for label in labels}
    return SplitFindings(
        frames=len(facts),
        read=len(read),
        masks=len(masked),
        activities=sum(fact.activity is not None for fact in read),
        subjects={
            subject: _group([fact for fact in facts if fact.subject_id == subject]) for subject in _groups(facts)
        },
        sizes=dict(Counter(f"{fact.size[1]} x {fact.size[0]}" for fact in read if fact.size is not None).most_common()),
        classes={
            label: Share(float(pixels[label]) / max(1, scored), occurs[label] / max(1, len(masked))) for label in labels
        },
        ignored=float(pixels[IGNORE]) / max(1, int(pixels.sum())),
        activity_frames={name: sum(fact.activity == index for fact in read) for index, name in enumerate(activities)},
    )


def _groups(facts: Sequence[Facts]) -> list[str]:
    return list(dict.fromkeys(fact.subject_id for fact in facts))


def _group(facts: Sequence[Facts]) -> GroupFindings:
    return GroupFindings(
        len(facts),
        sum(fact.mask_size is not None for fact in facts),
        sum(fact.activity is not None for fact in facts),
    )
