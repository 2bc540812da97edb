"""A batch of T tasks, task-major: its first B items belong to task 0, the next B to task 1."""

from __future__ import annotations

import torch
from torch import Tensor


def repeated(x: Tensor, tasks: int) -> Tensor:
    """(B, ...) -> (T * B, ...), the same items for every task."""
    return torch.cat([x] * tasks)


def by_task(x: Tensor, tasks: int) -> tuple[Tensor, ...]:
    """(T * B, ...) -> T tensors (B, ...); unlike ``chunk`` it leaves B open when a graph is traced."""
    return x.reshape(tasks, x.shape[0] // tasks, *x.shape[1:]).unbind()
