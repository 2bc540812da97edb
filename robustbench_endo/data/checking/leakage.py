"""What one split knows of another: the same subject, the same picture, nearly the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from robustbench_endo.data.checking.report import SIGHT, Facts, Problem, listed
from robustbench_endo.data.file_listing import IMAGES, activity_folders
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.manifest import ManifestDataset
from robustbench_endo.data.registry import load_dataset
from robustbench_endo.errors import DataError
from robustbench_endo.types import Dataset

ALIKE = 20
"""Of 256 differences of brightness, how many may disagree between pictures that are alike. Measured on laparoscopy: at
most 5 after halving the size and JPEG, at most 13 within 8 s of a video, at least 78 between scenes."""

_BLOCK = 2048


def leakage_problems(facts: Sequence[Facts]) -> Iterator[Problem]:
    """Subjects and identical pictures in several splits."""
    splits_of_group: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        splits_of_group[fact.subject_id].add(fact.split)
    shared = sorted(subject for subject, splits in splits_of_group.items() if len(splits) > 1)
    if shared:
        frames = tuple(fact.where for fact in facts if fact.subject_id in shared)
        yield Problem(
            "subjects",
            f"{_counted(len(shared), 'subject')} in several splits ({listed(shared)}): scores on frames of patients "
            f"seen "
            "in training are too good; divide by patient, or say with --subject-regex what a patient or sequence is.",
            frames,
        )
    same: dict[str, list[Facts]] = defaultdict(list)
    for fact in facts:
        if fact.content:
            same[fact.content].append(fact)
    copies = [subject for subject in same.values() if len({fact.split for fact in subject}) > 1]
    if copies:
        yield Problem(
            "identical",
            f"{_counted(len(copies), 'picture')} in several splits, pixel for pixel; the first: "
            f"{' = '.join(fact.where for fact in copies[0][:3])}: remove the copies.",
            tuple(fact.where for subject in copies for fact in subject),
        )


def leakage_remarks(facts: Sequence[Facts]) -> Iterator[Problem]:
    """Pictures that look alike in different splits, and copies within a split."""
    pairs = sorted(_alike(facts), key=lambda pair: pair[0])
    if pairs:
        _, one, other = pairs[0]
        yield Problem(
            "alike",
            f"{_counted(len(pairs), 'pair')} of pictures in different splits look alike; the most: {one.where} and "
            f"{other.where}: frames of one recording should lie in one split.",
            tuple(dict.fromkeys(fact.where for _, *pair in pairs for fact in pair)),
        )
    seen: dict[tuple[str, str], list[Facts]] = defaultdict(list)
    for fact in facts:
        if fact.content:
            seen[fact.split, fact.content].append(fact)
    copies = [subject for subject in seen.values() if len(subject) > 1]
    if copies:
        yield Problem(
            "identical",
            f"{_counted(len(copies), 'picture')} more than once in a split; the first: "
            f"{' = '.join(fact.where for fact in copies[0][:3])}.",
            tuple(fact.where for subject in copies for fact in subject),
        )


def _alike(facts: Sequence[Facts]) -> Iterator[tuple[int, Facts, Facts]]:
    """(bits that disagree, frame, frame) of pairs in different splits that are alike, but not identical."""
    by_split: dict[str, list[Facts]] = defaultdict(list)
    for fact in facts:
        if fact.sight.any():
            by_split[fact.split].append(fact)
    for one, other in combinations(by_split.values(), 2):
        ours, theirs = (np.stack([fact.sight for fact in some]).astype(np.float32) for some in (one, other))
        for start in range(0, len(ours), _BLOCK):
            apart = (SIGHT * SIGHT - ours[start : start + _BLOCK] @ theirs.T) / 2
            for i, j in np.argwhere(apart <= ALIKE):
                a, b = one[start + i], other[j]
                if a.content != b.content:
                    yield int(apart[i, j]), a, b


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


USUAL = ("train", "val", "test")

WHOLE = "all"
"""What an undivided data set calls its one split here."""


def splits_of(
    spec: str | Path,
    names: Sequence[str] = (),
    classes: tuple[str, ...] | None = None,
    subject_regex: str | None = None,
) -> tuple[dict[str, Dataset], dict[str, str]]:
    """The splits of a data set, listed, and those that cannot be -> why.

    Args:
        spec: as for :func:`robustbench_endo.data.load_dataset`.
        names: the splits to open; none: all that there are.
        classes, subject_regex: options of the data set; None for its defaults.

    Raises:
        DataError, UnknownNameError: no such data set, a named split that is not there, or no split with frames.
    """
    opened: dict[str, Dataset] = {}
    broken: dict[str, str] = {}

    def load(split: str | None) -> Dataset:
        dataset = load_dataset(spec, split=split, classes=classes, subject_regex=subject_regex)
        if getattr(dataset, "split", split) != split:
            raise _UndividedError(f"Expected a split {split!r} of {spec}, got data without splits: leave --split out.")
        if not len(dataset):
            raise DataError(f"Expected frames in the split {split or WHOLE}, got none: choose another.")
        return dataset

    found = tuple(names) or _there(load_dataset(spec, classes=classes, subject_regex=subject_regex))
    for split in found or USUAL:
        try:
            opened[split] = load(split)
        except DataError as error:
            if names:
                raise
            if found and not isinstance(error, _UndividedError):
                broken[split] = str(error)
    if opened:
        return opened, broken
    if broken:
        raise DataError(next(iter(broken.values())))
    return {WHOLE: load(None)}, {}


class _UndividedError(DataError):
    """A data set that has no splits, whatever it is asked for."""


def _there(dataset: Dataset) -> tuple[str, ...]:
    """Names of the splits of a folder or a manifest; empty when undivided, or when nobody can tell."""
    if isinstance(dataset, ManifestDataset):
        return tuple(sorted({row.split for row in dataset.rows if row.split}, key=_order))
    if not isinstance(dataset, FolderDataset) or not dataset.root.is_dir():
        return ()
    folders = {path.name: path for path in dataset.root.iterdir() if path.is_dir()}
    # train/image is a split, grasp/image an activity.
    undivided = (dataset.root / IMAGES).is_dir() or activity_folders(dataset.root, dataset.root)
    if undivided and not set(USUAL) & set(folders):
        return ()
    return tuple(sorted((name for name, path in folders.items() if name in USUAL or _has_frames(path)), key=_order))


def _has_frames(folder: Path) -> bool:
    return (folder / IMAGES).is_dir() or bool(activity_folders(folder, folder))


def _order(name: str) -> tuple[int, str]:
    return (USUAL.index(name) if name in USUAL else len(USUAL), name)
