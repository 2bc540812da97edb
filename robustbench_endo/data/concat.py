"""Several data sets with the same labels as one, for training."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from robustbench_endo.errors import DataError
from robustbench_endo.types import Dataset, Sample


@dataclass(frozen=True)
class Joined:
    """The frames of the first, then of the others; ids of the others begin with ``extra1/``, ``extra2/``, ...

    Attributes:
        parts: data sets of the same classes and activities.
    """

    parts: tuple[Dataset, ...]

    @property
    def name(self) -> str:
        """The names of the parts."""
        return " + ".join(part.name for part in self.parts)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return self.parts[0].classes

    @property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities."""
        return self.parts[0].activities

    @cached_property
    def ids(self) -> Sequence[str]:
        """Names of the frames."""
        return [_prefix(number) + name for number, part in enumerate(self.parts) for name in part.ids]

    @cached_property
    def subjects(self) -> Sequence[str]:
        """Patient or sequence of each frame."""
        return [subject for part in self.parts for subject in part.subjects]

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(len(part) for part in self.parts))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        number = bisect_right(self._ends, index)
        sample = self.parts[number][index - (self._ends[number - 1] if number else 0)]
        return replace(sample, id=_prefix(number) + sample.id)


def joined(first: Dataset, others: Sequence[Dataset]) -> Dataset:
    """``first`` with the frames of ``others``; itself where there are none.

    Raises:
        DataError: another number of classes, or other activities, than the first has.
    """
    for other in others:
        for what in ("classes", "activities"):
            here, there = getattr(first, what), getattr(other, what)
            if (len(here) != len(there)) if what == "classes" else (here != there):
                raise DataError(
                    f"Expected the {what} of {first.name} ({', '.join(here)}) in the extra data, got "
                    f"{', '.join(there) or 'none'} in {other.name}: label both alike."
                )
    return Joined((first, *others)) if others else first


def _prefix(number: int) -> str:
    return f"extra{number}/" if number else ""
