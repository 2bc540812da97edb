"""Validation during training, with the validation score of each task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.tasks.registry import TASKS, get_task
from robustbench_endo.training.config import MEAN_OF_TASKS
from robustbench_endo.training.data import InMemoryDataset, output_tasks
from robustbench_endo.types import Dataset


@dataclass(frozen=True)
class Processes:
    """How frames are divided among processes, and how counts are summed over them.

    Attributes:
        rank: of this process.
        world: number of processes.
        add: counts -> their sum over the processes.
        autocast: context of the forward passes.
    """

    rank: int = 0
    world: int = 1
    add: Callable[[Tensor], Tensor] = lambda counts: counts
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext


MIN_FRAMES, MIN_SUBJECTS = 50, 5
"""Validation sets with fewer of them are recorded and reported with a note."""


@dataclass(frozen=True)
class ValidationSample:
    """The size of a validation set.

    Attributes:
        frames: number of frames.
        subjects: number of their patients or sequences.
    """

    frames: int
    subjects: int

    @classmethod
    def of(cls, dataset: Dataset) -> ValidationSample:
        """The size of a data set."""
        return cls(len(dataset), len(set(dataset.subjects)))

    def __str__(self) -> str:
        frames, subjects = ("" if number == 1 else "s" for number in (self.frames, self.subjects))
        return f"{self.frames} frame{frames} of {self.subjects} subject{subjects}"

    @property
    def note(self) -> str:
        """Why the selected epoch is to be interpreted with caution; empty without a reason.

        >>> ValidationSample(24, 3).note
        'The selected epoch depends on few frames: 24 frames of 3 subjects; hold out 50 frames of 5 subjects or more.'
        """
        if self.frames >= MIN_FRAMES and self.subjects >= MIN_SUBJECTS:
            return ""
        return (
            f"The selected epoch depends on few frames: {self}; hold out {MIN_FRAMES} frames of {MIN_SUBJECTS} "
            "subjects or more."
        )


def selection_score(scores: Mapping[str, float], select_by: str) -> float:
    """The validation score by which an epoch is selected; 0 without validation.

    Args:
        scores: of an epoch, by name.
        select_by: one of :func:`~robustbench_endo.training.config.selection_metrics`.

    Raises:
        TrainingError: the epoch does not have the metric.
    """
    if select_by != MEAN_OF_TASKS:
        if select_by not in scores:
            raise TrainingError(
                f"Expected a validation score {select_by} to select the epoch by, got none: the model or the "
                "validation frames lack its task; select by another metric."
            )
        return scores[select_by]
    values = [scores[task.headline] for task in TASKS if task.headline in scores]
    return sum(values) / len(values) if values else 0.0


@torch.no_grad()
def validate_on(
    model: nn.Module, frames: InMemoryDataset, batch_size: int, device: torch.device, processes: Processes | None = None
) -> dict[str, float]:
    """Validation scores in [0, 1] (higher is better), such as ``miou`` and ``accuracy``, of the tasks that model and
    frames have in common."""
    model.eval()
    processes = processes or Processes()
    confusion: dict[str, Tensor] = {}
    indices = list(range(len(frames)))[processes.rank :: processes.world]
    for start in range(0, len(indices), batch_size):
        batch = frames.batch(indices[start : start + batch_size]).to(device)
        with processes.autocast():
            logits = model(batch.images)
        for task in output_tasks(logits):
            counts = task.confusion(logits[task.name], batch.targets[task.name])
            confusion[task.name] = confusion[task.name] + counts if task.name in confusion else counts
    scores = (get_task(name).validation_score(processes.add(counts)) for name, counts in confusion.items())
    return dict(score for score in scores if score is not None)
