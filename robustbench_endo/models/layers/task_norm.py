"""Batch norm for a task-major batch: shared scale and shift, statistics of each task's own items.

With common statistics one task's loss would reach the other task's adapters through the batch mean.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.task_major import by_task


class TaskBatchNorm2d(nn.Module):
    """Takes over the scale and shift of ``shared``, and its activation if it has one; running statistics (T, C)."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, shared: nn.BatchNorm2d, tasks: int) -> None:
        super().__init__()
        self.tasks = tasks
        self.momentum, self.eps = shared.momentum or 0.1, shared.eps
        self.weight, self.bias = shared.weight, shared.bias
        assert shared.running_mean is not None
        assert shared.running_var is not None
        self.register_buffer("running_mean", shared.running_mean.repeat(tasks, 1))
        self.register_buffer("running_var", shared.running_var.repeat(tasks, 1))
        self.act = getattr(shared, "act", nn.Identity())  # timm fuses some norms with their activation

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, C, H, W) -> the same shape."""
        statistics = zip(by_task(x, self.tasks), self.running_mean, self.running_var, strict=True)
        normalised = [
            F.batch_norm(chunk, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps)
            for chunk, mean, var in statistics
        ]
        activated: Tensor = self.act(torch.cat(normalised))
        return activated

    def keep_task(self, index: int) -> None:
        """Drops, in place, the statistics of the other tasks."""
        self.tasks = 1
        self.running_mean = self.running_mean[index : index + 1].clone()
        self.running_var = self.running_var[index : index + 1].clone()
