"""Covering designs: few combinations of corruptions in which every pair of them occurs together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from robustbench_endo.corruptions.errors import CorruptionError

PAIRWISE = "pairwise"
"""Selects every combination of :func:`covering_design`."""

_CYCLIC_19 = ((0, 1, 8), (0, 2, 5), (0, 4, 13))
"""Base blocks of a cyclic Steiner triple system: their differences are 1 to 9, each once."""

Block = tuple[int, ...]


def covering_design(count: int) -> list[Block]:
    """Blocks of two or three of ``count`` items such that every pair of items is in a block.

    For 19 items the 57 triples of a Steiner triple system, in which every pair is exactly once; for any other number by
    a greedy choice.

    >>> len(covering_design(19)), covering_design(3), covering_design(4)
    (57, [(0, 1, 2)], [(0, 1, 2), (0, 3, 1), (2, 3, 0)])
    """
    if count == 19:
        return [tuple((point + shift) % 19 for point in block) for block in _CYCLIC_19 for shift in range(19)]
    blocks: list[Block] = []
    covered: set[frozenset[int]] = set()
    for first, second in combinations(range(count), 2):
        if frozenset((first, second)) in covered:
            continue

        def gain(third: int, pair: Block = (first, second)) -> int:
            return sum(frozenset((point, third)) not in covered for point in pair)

        others = [point for point in range(count) if point not in (first, second)]
        block: Block = (first, second, *([max(others, key=gain)] if others else []))
        covered.update(frozenset(pair) for pair in combinations(block, 2))
        blocks.append(block)
    return blocks


def pairwise_combinations(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Combinations of the names of corruptions in which every pair occurs.

    Raises:
        CorruptionError: fewer than two names.
    """
    if len(names) < 2:
        got = names[0] if names else "none"
        raise CorruptionError(
            f"Expected at least two corruptions to combine in pairs, got {got}: choose a suite with more."
        )
    return [tuple(names[point] for point in block) for block in covering_design(len(names))]
