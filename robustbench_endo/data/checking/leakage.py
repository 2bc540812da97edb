"""Leakage between splits: shared subjects, identical images, nearly identical images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations

import numpy as np

from robustbench_endo.data.checking.frame_stats import HASH_SIZE, FrameStats
from robustbench_endo.data.checking.report import Problem, count_noun, join_names

MAX_DISTANCE = 20
"""Largest Hamming distance (of 256) between the difference hashes of images that look alike. Measured on laparoscopy:
at most 5 after halving the size and JPEG, at most 13 within 8 s of a video, at least 78 between scenes."""

_BLOCK = 2048
"""Frames of a split that are compared with another split at once, which limits the memory."""


def leakage_problems(frames: Sequence[FrameStats]) -> Iterator[Problem]:
    """Subjects and identical images in several splits."""
    splits_of_subject: dict[str, set[str]] = defaultdict(set)
    for frame in frames:
        splits_of_subject[frame.subject_id].add(frame.split)
    shared = sorted(subject for subject, splits in splits_of_subject.items() if len(splits) > 1)
    if shared:
        yield Problem(
            "subjects",
            f"{count_noun(len(shared), 'subject')} in several splits ({join_names(shared)}): scores on frames of "
            "patients of the training data are too high; split by patient, or define patients or sequences with "
            "--subject-regex.",
            tuple(frame.location for frame in frames if frame.subject_id in shared),
        )
    copies = _copies(frames, lambda frame: frame.checksum)
    copies = [group for group in copies if len({frame.split for frame in group}) > 1]
    if copies:
        yield Problem(
            "identical",
            f"{count_noun(len(copies), 'image')} in several splits, pixel for pixel; the first: "
            f"{_join_locations(copies[0])}: remove the copies.",
            tuple(frame.location for group in copies for frame in group),
        )


def leakage_remarks(frames: Sequence[FrameStats]) -> Iterator[Problem]:
    """Images that look alike in different splits, and copies within a split."""
    pairs = sorted(_similar_pairs(frames), key=lambda pair: pair[0])
    if pairs:
        _, one, other = pairs[0]
        yield Problem(
            "alike",
            f"{count_noun(len(pairs), 'pair')} of images in different splits look alike; the most similar: "
            f"{one.location} and {other.location}: frames of one recording should be in one split.",
            tuple(dict.fromkeys(frame.location for _, *pair in pairs for frame in pair)),
        )
    copies = _copies(frames, lambda frame: (frame.split, frame.checksum))
    if copies:
        yield Problem(
            "identical",
            f"{count_noun(len(copies), 'image')} more than once in a split; the first: {_join_locations(copies[0])}.",
            tuple(frame.location for group in copies for frame in group),
        )


def _copies(frames: Sequence[FrameStats], key: Callable[[FrameStats], Hashable]) -> list[list[FrameStats]]:
    """Groups of at least two readable frames with the same key."""
    groups: dict[Hashable, list[FrameStats]] = defaultdict(list)
    for frame in frames:
        if frame.checksum:
            groups[key(frame)].append(frame)
    return [group for group in groups.values() if len(group) > 1]


def _join_locations(frames: Sequence[FrameStats]) -> str:
    return " = ".join(frame.location for frame in frames[:3])


def _similar_pairs(frames: Sequence[FrameStats]) -> Iterator[tuple[int, FrameStats, FrameStats]]:
    """(Hamming distance, frame, frame) of pairs in different splits that look alike, but are not identical."""
    by_split: dict[str, list[FrameStats]] = defaultdict(list)
    for frame in frames:
        if frame.difference_hash.any():
            by_split[frame.split].append(frame)
    for first, second in combinations(by_split.values(), 2):
        first_hashes, second_hashes = (
            np.stack([frame.difference_hash for frame in split]).astype(np.float32) for split in (first, second)
        )
        for start in range(0, len(first), _BLOCK):
            distances = (HASH_SIZE * HASH_SIZE - first_hashes[start : start + _BLOCK] @ second_hashes.T) / 2
            for i, j in np.argwhere(distances <= MAX_DISTANCE):
                one, other = first[start + i], second[j]
                if one.checksum != other.checksum:
                    yield int(distances[i, j]), one, other
