"""What one split knows of another: the same group, the same picture, nearly the same picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from robustbench_endo.data.checking.facts import SIGHT, Facts
from robustbench_endo.data.checking.findings import Problem, listed

ALIKE = 20
"""Of 256 differences of brightness, how many may disagree between pictures that are alike. Measured on laparoscopy: at
most 5 after halving the size and JPEG, at most 13 within 8 s of a video, at least 78 between scenes."""

_BLOCK = 2048


def leakage_problems(facts: Sequence[Facts]) -> Iterator[Problem]:
    """Groups and identical pictures in several splits."""
    splits_of_group: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        splits_of_group[fact.group].add(fact.split)
    shared = sorted(group for group, splits in splits_of_group.items() if len(splits) > 1)
    if shared:
        frames = tuple(fact.where for fact in facts if fact.group in shared)
        yield Problem(
            "groups",
            f"{_counted(len(shared), 'group')} in several splits ({listed(shared)}): scores on frames of patients seen "
            "in training are too good; divide by patient, or say with --group-regex what a patient or sequence is.",
            frames,
        )
    same: dict[str, list[Facts]] = defaultdict(list)
    for fact in facts:
        if fact.content:
            same[fact.content].append(fact)
    copies = [group for group in same.values() if len({fact.split for fact in group}) > 1]
    if copies:
        yield Problem(
            "identical",
            f"{_counted(len(copies), 'picture')} in several splits, pixel for pixel; the first: "
            f"{' = '.join(fact.where for fact in copies[0][:3])}: remove the copies.",
            tuple(fact.where for group in copies for fact in group),
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
    copies = [group for group in seen.values() if len(group) > 1]
    if copies:
        yield Problem(
            "identical",
            f"{_counted(len(copies), 'picture')} more than once in a split; the first: "
            f"{' = '.join(fact.where for fact in copies[0][:3])}.",
            tuple(fact.where for group in copies for fact in group),
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
