"""Adapted layers for inference: the adapters are added into the weights, so that no adapter is left to compute."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.task_major import by_task


class MergedLinear(nn.Module):
    """One weight (T, out, in) per task over a task-major batch."""

    def __init__(self, shared: nn.Linear, weights: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weights, requires_grad=False)
        self.bias = shared.bias

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, ..., in) -> (T * B, ..., out)."""
        chunks = zip(by_task(x, len(self.weight)), self.weight, strict=True)
        return torch.cat([F.linear(chunk, weight, self.bias) for chunk, weight in chunks])

    def keep_task(self, index: int) -> None:
        """Drops, in place, the weights of the other tasks."""
        self.weight = nn.Parameter(self.weight[index : index + 1].clone(), requires_grad=False)


class MergedConv2d(nn.Module):
    """One kernel (T, C_out, C_in, k, k) per task over a task-major batch."""

    def __init__(self, shared: nn.Conv2d, weights: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weights, requires_grad=False)
        self.bias = shared.bias
        self.stride, self.padding = shared.stride, shared.padding
        self.dilation, self.groups = shared.dilation, shared.groups

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, C_in, H, W) -> (T * B, C_out, h, w)."""
        chunks = zip(by_task(x, len(self.weight)), self.weight, strict=True)
        return torch.cat([self._convolved(chunk, weight) for chunk, weight in chunks])

    def _convolved(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def keep_task(self, index: int) -> None:
        """Drops, in place, the kernels of the other tasks."""
        self.weight = nn.Parameter(self.weight[index : index + 1].clone(), requires_grad=False)


def one_linear(shared: nn.Linear, weights: Tensor) -> nn.Module:
    """The plain layer of a single task."""
    return _replaced(shared, weights)


def one_convolution(shared: nn.Conv2d, weights: Tensor) -> nn.Module:
    """The plain layer of a single task."""
    return _replaced(shared, weights)


def _replaced(shared: nn.Linear | nn.Conv2d, weights: Tensor) -> nn.Module:
    layer = copy.copy(shared)
    layer._parameters = dict(shared._parameters)
    layer.weight = nn.Parameter(weights[0], requires_grad=False)
    return layer
