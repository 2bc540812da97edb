"""Validation split by subject: no patient or sequence is in both parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from robustbench_endo.errors import TrainingError
from robustbench_endo.tasks import registry as task_registry
from robustbench_endo.types import Dataset, Sample


@dataclass(frozen=True)
class Subset:
    """Some frames of a data set.

    Attributes:
        dataset: with all frames.
        indices: of the frames.
    """

    dataset: Dataset
    indices: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.dataset.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return self.dataset.classes

    @property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities."""
        return self.dataset.activities

    def __getattr__(self, name: str) -> tuple[str, ...]:
        """Names of the labels of any other task, under its ``label_attribute``."""
        if name in {task.label_attribute for task in task_registry.TASKS}:
            return tuple(getattr(self.dataset, name, ()))
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def ids(self) -> Sequence[str]:
        """Names of the frames."""
        return [self.dataset.ids[index] for index in self.indices]

    @property
    def subjects(self) -> Sequence[str]:
        """Patient or sequence of each frame."""
        return [self.dataset.subjects[index] for index in self.indices]

    def check(self, indices: Sequence[int]) -> None:
        """Check these frames where the data set offers it.

        Raises:
            DataError: data that cannot be used.
        """
        if callable(check := getattr(self.dataset, "check", None)):
            check([self.indices[index] for index in indices])

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.dataset[self.indices[index]]


def split_by_subject(dataset: Dataset, fraction: float, seed: int = 0) -> tuple[Subset, Subset]:
    """Training and validation frames: random subjects are held out until they have a fraction of the frames.

    Each part has at least one subject.

    Raises:
        TrainingError: a fraction outside (0, 1), or fewer than two subjects.
    """
    if not 0 < fraction < 1:
        raise TrainingError(f"Expected a validation fraction between 0 and 1, got {fraction}: change it.")
    sizes = Counter(dataset.subjects)
    names = sorted(sizes)
    if len(names) < 2:
        raise TrainingError(
            f"Expected at least two subjects in {dataset.name} for a validation split, got {len(names)}: set "
            "--subject-regex or --assume-independent-frames, or give the name of a split to --validation."
        )
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    held_out: set[str] = set()
    for position in order[:-1]:
        if held_out and sum(sizes[name] for name in held_out) >= fraction * len(dataset):
            break
        held_out.add(names[position])
    inside = tuple(i for i, subject in enumerate(dataset.subjects) if subject not in held_out)
    outside = tuple(i for i, subject in enumerate(dataset.subjects) if subject in held_out)
    return Subset(dataset, inside), Subset(dataset, outside)
