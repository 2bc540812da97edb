"""Concatenation of data sets with the same labels, for training."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from robustbench_endo.errors import DataError
from robustbench_endo.tasks import registry as task_registry
from robustbench_endo.types import MASK, Dataset, Sample


@dataclass(frozen=True)
class ConcatDataset:
    """The frames of several data sets, one data set after the other.

    The ids of the second data set begin with ``extra1/``, those of the third with ``extra2/``, and so on. Samples keep
    the targets of all tasks; the names of the labels are those of the first data set.

    Attributes:
        parts: data sets with the same labels.
    """

    parts: tuple[Dataset, ...]

    @property
    def name(self) -> str:
        """The names of the data sets, separated by plus signs."""
        return " + ".join(part.name for part in self.parts)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return self.parts[0].classes

    @property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities."""
        return self.parts[0].activities

    def __getattr__(self, name: str) -> tuple[str, ...]:
        """Names of the labels of any other task, under its ``label_attribute``."""
        if name in {task.label_attribute for task in task_registry.TASKS}:
            return tuple(getattr(self.parts[0], name, ()))
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

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

    @property
    def subject_source(self) -> str:
        """Where the subjects of the first data set come from."""
        return str(getattr(self.parts[0], "subject_source", "layout"))

    def check(self, indices: Sequence[int]) -> None:
        """Check the frames of every data set that offers it.

        Raises:
            DataError: data that cannot be used.
        """
        starts = [0, *self._ends[:-1]]
        for start, part in zip(starts, self.parts, strict=True):
            if callable(check := getattr(part, "check", None)):
                check([index - start for index in indices if 0 <= index - start < len(part)])

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        number = bisect_right(self._ends, index)
        sample = self.parts[number][index - (self._ends[number - 1] if number else 0)]
        return replace(sample, id=_prefix(number) + sample.id)


def concatenate(first: Dataset, others: Sequence[Dataset]) -> Dataset:
    """``first`` followed by the frames of ``others``; ``first`` itself where there are none.

    Raises:
        DataError: another number of classes than the first has, or other labels of another task.
    """
    for other in others:
        for task in task_registry.TASKS:
            names, other_names = task.labels(first), task.labels(other)
            same = len(names) == len(other_names) if task.name == MASK else names == other_names
            if not same:
                raise DataError(
                    f"Expected the {task.label_attribute} of {first.name} ({', '.join(names)}) in the extra data, got "
                    f"{', '.join(other_names) or 'none'} in {other.name}: label both alike."
                )
    return ConcatDataset((first, *others)) if others else first


def _prefix(number: int) -> str:
    return f"extra{number}/" if number else ""
