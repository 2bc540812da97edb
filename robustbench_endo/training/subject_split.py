"""A validation split made by subject: no patient or sequence is on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from robustbench_endo.errors import TrainingError
from robustbench_endo.types import Dataset, Sample


@dataclass(frozen=True)
class Subset:
    """Some frames of a dataset; meets the Dataset contract.

    Attributes:
        whole: the dataset.
        indices: which of its frames.
    """

    whole: Dataset
    indices: tuple[int, ...]

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.whole.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the mask labels."""
        return self.whole.classes

    @property
    def activities(self) -> tuple[str, ...]:
        """Names of the activities."""
        return self.whole.activities

    @property
    def ids(self) -> Sequence[str]:
        """Names of the frames."""
        return [self.whole.ids[index] for index in self.indices]

    @property
    def subjects(self) -> Sequence[str]:
        """Patient or sequence of each frame."""
        return [self.whole.subjects[index] for index in self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.whole[self.indices[index]]


def split_by_subject(dataset: Dataset, share: float, seed: int = 0) -> tuple[Subset, Subset]:
    """(training part, validation part): whole subjects are held out, drawn by ``seed``, until ``share`` is reached.

    At least one subject stays on each side.

    Raises:
        TrainingError: a share outside (0, 1), or fewer than two subjects.
    """
    if not 0 < share < 1:
        raise TrainingError(f"Expected a validation share between 0 and 1, got {share}: change it.")
    sizes = Counter(dataset.subjects)
    names = sorted(sizes)
    if len(names) < 2:
        raise TrainingError(
            f"Expected at least two subjects in {dataset.name} to hold one out for validation, got {len(names)}: name "
            "the subjects with --subject-regex, or give a split of its own to --validation."
        )
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    held: set[str] = set()
    for position in order[:-1]:
        if held and sum(sizes[name] for name in held) >= share * len(dataset):
            break
        held.add(names[position])
    inside = tuple(i for i, subject in enumerate(dataset.subjects) if subject not in held)
    outside = tuple(i for i, subject in enumerate(dataset.subjects) if subject in held)
    return Subset(dataset, inside), Subset(dataset, outside)
