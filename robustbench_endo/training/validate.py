"""Validation during training, with the validation score of each task."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.tasks.registry import get_task
from robustbench_endo.training.data import InMemoryDataset, output_tasks


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
