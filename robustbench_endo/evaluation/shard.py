"""A part of a run for independent jobs: every n-th chunk, or every n-th cell of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_endo.errors import RobustEndoError


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 1) of ``of`` parts of about the same size.

    Raises:
        RobustEndoError: a number outside 1 to ``of``.

    >>> Shard(2, 3).share(7)
    [1, 4]
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise RobustEndoError(
                f"Expected a shard from 1/{self.of} to {self.of}/{self.of}, got {self}: count from 1."
            )

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def share(self, count: int) -> list[int]:
        """Indices, from 0, of the shard's items among ``count``."""
        return list(range(self.number - 1, count, self.of))


def parse_shard(text: str) -> Shard:
    """``2/8`` as a shard.

    Raises:
        RobustEndoError: another text, or a number outside 1 to the number of shards.
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    if match is None:
        raise RobustEndoError(f"Expected a shard such as 2/8, the second of eight, got {text!r}.")
    return Shard(int(match[1]), int(match[2]))


def shards_with(chunks: Sequence[int], of: int) -> list[Shard]:
    """The shards that these chunks belong to."""
    return [Shard(number + 1, of) for number in sorted({chunk % of for chunk in chunks})]
