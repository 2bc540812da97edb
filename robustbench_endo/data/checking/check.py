"""Validation of a data set in one pass over all frames of all splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from robustbench_endo.data.checking.frame_stats import FrameStats, frame_stats
from robustbench_endo.data.checking.labels import activity_remarks, label_problems, label_remarks
from robustbench_endo.data.checking.leakage import leakage_problems, leakage_remarks
from robustbench_endo.data.checking.report import (
    Findings,
    LabelShare,
    Problem,
    SplitFindings,
    SubjectFindings,
    join_names,
)
from robustbench_endo.data.subjects import subject_note
from robustbench_endo.types import IGNORE, Dataset

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in total)."""


def check(
    splits: Mapping[str, Dataset],
    broken: Mapping[str, str] | None = None,
    progress: Progress = lambda done, total: None,
) -> Findings:
    """Read every frame once and report the content and the problems of a data set.

    Args:
        splits: name -> frames; all of one data set.
        broken: splits that cannot be listed -> reason; each is a problem.
        progress: called after every frame.

    >>> from robustbench_endo.data import load_dataset
    >>> findings = check({"test": load_dataset("synthetic", frames=2, size=(48, 64))})
    >>> findings.problems, findings.splits["test"].sizes
    ((), {'64 x 48': 2})
    """
    frames = _read(splits, progress)
    classes = max((data.classes for data in splits.values()), key=len)
    activities = max((data.activities for data in splits.values()), key=len)
    names = list(splits)
    named = all(getattr(data, "classes_are_named", True) for data in splits.values())
    problems = [
        Problem("split", f"The split {split} has no frames: {reason}") for split, reason in (broken or {}).items()
    ]
    problems += [*_frame_problems(frames), *label_problems(frames, classes, named=named), *leakage_problems(frames)]
    remarks = [*label_remarks(frames, classes, names), *activity_remarks(frames, activities, names)]
    remarks += [*leakage_remarks(frames), *_orientation_remarks(frames)]
    if note := next(filter(None, map(subject_note, splits.values())), None):
        remarks.append(Problem("subjects", note))
    summaries = {
        split: _summarize([frame for frame in frames if frame.split == split], len(classes), activities)
        for split in splits
    }
    name = next(iter(splits.values())).name
    return Findings(name, classes, activities, summaries, tuple(problems), tuple(remarks))


def _read(splits: Mapping[str, Dataset], progress: Progress) -> list[FrameStats]:
    jobs = [(split, data, index) for split, data in splits.items() for index in range(len(data))]
    frames = []
    with ThreadPoolExecutor() as pool:
        for frame in pool.map(lambda job: frame_stats(*job), jobs):
            frames.append(frame)
            progress(len(frames), len(jobs))
    return frames


def _frame_problems(frames: Sequence[FrameStats]) -> Iterator[Problem]:
    """Frames that cannot be used, whatever the other frames are."""
    for kind in ("unreadable", "JPEG mask", "several frames"):
        unusable = [frame for frame in frames if frame.error and frame.error_kind == kind]
        if unusable:
            yield Problem(
                kind,
                f"{len(unusable)} of {len(frames)} frames cannot be used; the first: {unusable[0].error}",
                tuple(frame.location for frame in unusable),
            )
    resized = [frame for frame in frames if frame.mask_size is not None and frame.mask_size != frame.size]
    if resized:
        yield Problem(
            "labels",
            f"{len(resized)} masks have another size than their image "
            f"({join_names([frame.location for frame in resized])}): resize them without interpolation.",
            tuple(frame.location for frame in resized),
        )
    missing = [(frame.location, condition, reason) for frame in frames for condition, reason in frame.missing]
    if missing:
        yield Problem(
            "unreadable",
            f"{len(missing)} images in recorded conditions cannot be used; the first: {missing[0][2]}",
            tuple(f"{location} ({condition})" for location, condition, _ in missing),
        )


def _orientation_remarks(frames: Sequence[FrameStats]) -> Iterator[Problem]:
    if turned := tuple(frame.location for frame in frames if frame.turned):
        yield Problem(
            "orientation",
            f"{len(turned)} of {len(frames)} frames have an EXIF orientation and are turned ({join_names(turned)}): "
            "check that their masks fit the upright frames.",
            turned,
        )


def _summarize(frames: Sequence[FrameStats], classes: int, activities: Sequence[str]) -> SplitFindings:
    readable = [frame for frame in frames if not frame.error]
    masked = [frame for frame in readable if frame.mask_size is not None]
    pixels = np.sum([frame.labels for frame in masked], axis=0) if masked else np.zeros(256, np.int64)
    scored = int(pixels.sum() - pixels[IGNORE])
    labels = [label for label in range(256) if label != IGNORE and (label < classes or pixels[label])]
    occurs = {label: sum(bool(frame.labels[label]) for frame in masked) for label in labels}
    sizes = Counter(f"{frame.size[1]} x {frame.size[0]}" for frame in readable if frame.size is not None)
    return SplitFindings(
        frames=len(frames),
        read=len(readable),
        masks=len(masked),
        activities=sum(frame.activity is not None for frame in readable),
        subjects=_count_subjects(frames),
        surround=sum(frame.has_surround for frame in readable),
        sizes=dict(sizes.most_common()),
        classes={
            label: LabelShare(float(pixels[label]) / max(1, scored), occurs[label] / max(1, len(masked)))
            for label in labels
        },
        ignored=float(pixels[IGNORE]) / max(1, int(pixels.sum())),
        activity_frames={
            name: sum(frame.activity == index for frame in readable) for index, name in enumerate(activities)
        },
    )


def _count_subjects(frames: Sequence[FrameStats]) -> dict[str, SubjectFindings]:
    by_subject: dict[str, list[FrameStats]] = defaultdict(list)
    for frame in frames:
        by_subject[frame.subject_id].append(frame)
    return {
        subject: SubjectFindings(
            len(group),
            sum(frame.mask_size is not None for frame in group),
            sum(frame.activity is not None for frame in group),
        )
        for subject, group in by_subject.items()
    }
