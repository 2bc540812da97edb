"""Low-rank adapters beside a shared weight: one (LoRA) or one per task (TESLA).

A batch of T tasks is task-major: its first B items belong to task 0, the next B to task 1. Then
h_t = (W + scale * B_t A_t) x_t for every task in one pass, and one task's loss cannot reach another task's adapter.

Sources: Hu et al., "LoRA", ICLR 2022 (also the convolutional form); EndoARSS, arXiv 2506.06830 (one adapter per task).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LowRank(nn.Module):
    """T updates of rank r: ``a`` (T, r, in), ``b`` (T, out, r); zero at the start because ``b`` is."""

    def __init__(self, tasks: int, inputs: int, outputs: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.empty(tasks, rank, inputs))
        self.b = nn.Parameter(torch.zeros(tasks, outputs, rank))
        nn.init.uniform_(self.a, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def forward(self) -> Tensor:
        """The updates as full matrices, (T, out, in)."""
        return self.scale * self.b @ self.a


class AdaptedLinear(nn.Module):
    """A shared linear layer with task adapters on chosen spans of its outputs.

    Args:
        shared: the layer, kept as it is.
        spans: (start, stop) of the adapted outputs; q and v of a fused qkv are two of its thirds.
    """

    def __init__(
        self, shared: nn.Linear, spans: tuple[tuple[int, int], ...], tasks: int, rank: int, alpha: float
    ) -> None:
        super().__init__()
        self.shared = shared
        self.spans = spans
        self.tasks = tasks
        self.adapters = nn.ModuleList(
            LowRank(tasks, shared.in_features, stop - start, rank, alpha) for start, stop in spans
        )

    def weights(self) -> Tensor:
        """W + scale * B_t A_t for every task, (T, out, in)."""
        outputs = self.shared.out_features
        updates = [
            F.pad(adapter(), (0, 0, start, outputs - stop))
            for (start, stop), adapter in zip(self.spans, self.adapters, strict=True)
        ]
        return self.shared.weight + torch.stack(updates).sum(dim=0)

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, ..., in) -> (T * B, ..., out), one batched product over the tasks."""
        by_task = x.reshape(self.tasks, -1, x.shape[-1])
        out = torch.bmm(by_task, self.weights().mT) + self.shared.bias
        return out.reshape(*x.shape[:-1], -1)


class AdaptedConv2d(nn.Module):
    """A shared k x k convolution with task adapters in LoRA's convolutional form: A (r k, C_in k), B (C_out k, r k)."""

    def __init__(self, shared: nn.Conv2d, tasks: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.shared = shared
        self.tasks = tasks
        kernel = shared.kernel_size[0]
        inputs = shared.in_channels // shared.groups * kernel
        self.adapter = LowRank(tasks, inputs, shared.out_channels * kernel, rank * kernel, alpha * kernel)

    def weights(self) -> Tensor:
        """W + scale * B_t A_t for every task, (T, C_out, C_in, k, k)."""
        update: Tensor = self.adapter()
        return self.shared.weight + update.reshape(self.tasks, *self.shared.weight.shape)

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, C_in, H, W) -> (T * B, C_out, h, w)."""
        layer = self.shared
        outputs = [
            F.conv2d(chunk, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)
            for chunk, weight in zip(x.chunk(self.tasks), self.weights(), strict=True)
        ]
        return torch.cat(outputs)
