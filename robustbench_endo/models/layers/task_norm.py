"""Batch norm for a task-major batch: shared scale and shift, statistics of each task's own items.

With common statistics one task's loss would reach the other task's adapters through the batch mean.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TaskBatchNorm2d(nn.Module):
    """Takes over the scale and shift of ``shared``; keeps running statistics (T, C)."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, shared: nn.BatchNorm2d, tasks: int) -> None:
        super().__init__()
        self.tasks = tasks
        self.momentum, self.eps = shared.momentum or 0.1, shared.eps
        self.weight, self.bias = shared.weight, shared.bias
        self.register_buffer("running_mean", torch.zeros(tasks, shared.num_features))
        self.register_buffer("running_var", torch.ones(tasks, shared.num_features))

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, C, H, W) -> the same shape."""
        statistics = zip(x.chunk(self.tasks), self.running_mean, self.running_var, strict=True)
        return torch.cat(
            [
                F.batch_norm(chunk, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps)
                for chunk, mean, var in statistics
            ]
        )
