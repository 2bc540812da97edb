"""Low-rank adapters of a shared weight: one (LoRA), one per task, or both (TESLA).

A batch of T tasks is task-major: its first B items belong to task 0, the next B to task 1. Then
h_t = (W' + scale * B_t A_t) x_t for every task in one pass, and one task's loss cannot reach another task's adapter.
W' is W, or W + scale * B A with a trained update that all tasks share (``share_update``).

Sources: Hu et al., "LoRA", ICLR 2022 (also the convolutional form); EndoARSS, arXiv 2506.06830 (one adapter per task);
Cui et al., "EndoDAC", MICCAI 2024 (scaling vectors, DV-LoRA).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LowRank(nn.Module):
    """T updates of rank r: ``a`` (T, r, in), ``b`` (T, out, r); zero at the start because ``b`` is."""

    def __init__(self, tasks: int, inputs: int, outputs: int, rank: int, alpha: float) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f"a rank of {rank} (give 1 or more)")
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.empty(tasks, rank, inputs))
        self.b = nn.Parameter(torch.zeros(tasks, outputs, rank))
        nn.init.uniform_(self.a, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def factors(self) -> tuple[Tensor, Tensor]:
        """A (T, r, in) and B (T, out, r)."""
        return self.a, self.b

    def forward(self) -> Tensor:
        """The updates as full matrices, (T, out, in)."""
        a, b = self.factors()
        return self.scale * b @ a

    def product(self, x: Tensor) -> Tensor:
        """(T, M, in) -> (T, M, out) without the full matrices."""
        a, b = self.factors()
        return self.scale * torch.bmm(torch.bmm(x, a.mT), b.mT)

    def for_all(self) -> LowRank:
        """A fresh update of this rank, scale and kind that is one for all tasks."""
        _, rank, inputs = self.a.shape
        return type(self)(1, inputs, self.b.shape[1], rank, self.scale * rank)

    def keep_task(self, index: int) -> None:
        """Delete, in place, every update but one; an update for all tasks is unchanged."""
        if len(self.a) == 1:
            return
        for name, parameter in list(self.named_parameters()):
            selected = parameter.detach()[index : index + 1].clone()
            setattr(self, name, nn.Parameter(selected, requires_grad=parameter.requires_grad))


class VectorLowRank(LowRank):
    """DV-LoRA: the rows of A and of B are scaled by trainable vectors ``u`` (T, r, 1) and ``v`` (T, out, 1)."""

    def __init__(self, tasks: int, inputs: int, outputs: int, rank: int, alpha: float) -> None:
        super().__init__(tasks, inputs, outputs, rank, alpha)
        self.u = nn.Parameter(torch.ones(tasks, rank, 1))
        self.v = nn.Parameter(torch.ones(tasks, outputs, 1))

    def factors(self) -> tuple[Tensor, Tensor]:
        """A scaled by u, B scaled by v."""
        return self.a * self.u, self.b * self.v


def repeat_for_tasks(x: Tensor, tasks: int) -> Tensor:
    """(B, ...) -> (T * B, ...), the same items for every task."""
    return torch.cat([x] * tasks)


def by_task(x: Tensor, tasks: int) -> tuple[Tensor, ...]:
    """(T * B, ...) -> T tensors (B, ...); unlike ``chunk`` it leaves B open when a graph is traced."""
    return x.reshape(tasks, x.shape[0] // tasks, *x.shape[1:]).unbind()


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
        """Delete, in place, the weights of the other tasks."""
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
        return torch.cat([self._convolve(chunk, weight) for chunk, weight in chunks])

    def _convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def keep_task(self, index: int) -> None:
        """Delete, in place, the kernels of the other tasks."""
        self.weight = nn.Parameter(self.weight[index : index + 1].clone(), requires_grad=False)


def _sum(updates: Sequence[LowRank]) -> Tensor:
    """The sum of updates as full matrices, (T, out, in)."""
    total: Tensor = updates[0]()
    for update in updates[1:]:
        total = total + update()
    return total


def _with_weight(shared: nn.Linear | nn.Conv2d, weights: Tensor) -> nn.Module:
    """The plain layer of a single task."""
    layer = copy.copy(shared)
    layer._parameters = dict(shared._parameters)
    layer.weight = nn.Parameter(weights[0], requires_grad=False)
    return layer


class AdaptedLinear(nn.Module):
    """A shared linear layer with task adapters on spans of its outputs.

    Args:
        shared: the layer, which is not changed.
        spans: (start, stop) of the adapted outputs; q and v of a fused qkv are two of its thirds.
        kind: the low-rank update.
    """

    def __init__(
        self,
        shared: nn.Linear,
        spans: tuple[tuple[int, int], ...],
        tasks: int,
        rank: int,
        alpha: float,
        kind: type[LowRank] = LowRank,
    ) -> None:
        super().__init__()
        self.shared = shared
        self.spans = spans
        self.tasks = tasks
        self.adapters = nn.ModuleList(
            kind(tasks, shared.in_features, stop - start, rank, alpha) for start, stop in spans
        )
        self.adapters_shared = nn.ModuleList()

    def share_update(self) -> None:
        """Add, in place, an update of W that all tasks share: the B A of TESLA's W' = W + B A."""
        self.adapters_shared = nn.ModuleList(cast(LowRank, adapter).for_all() for adapter in self.adapters)

    def task_adapters(self) -> list[nn.Module]:
        """The updates whose first axis is the task."""
        return list(self.adapters)

    def weights(self) -> Tensor:
        """W' + scale * B_t A_t for every task, (T, out, in)."""
        outputs = self.shared.out_features
        updates = [
            F.pad(_sum(adapters), (0, 0, start, outputs - stop))
            for (start, stop), adapters in zip(self.spans, self._updates(), strict=True)
        ]
        return self.shared.weight + torch.stack(updates).sum(dim=0)

    def _updates(self) -> list[tuple[LowRank, ...]]:
        """The updates of every span: that of the tasks, then that of all, if there is one."""
        groups = (self.adapters, self.adapters_shared) if self.adapters_shared else (self.adapters,)
        return [cast(tuple[LowRank, ...], updates) for updates in zip(*groups, strict=True)]

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, ..., in) -> (T * B, ..., out), one batched product over the tasks."""
        if not self.shared.weight.requires_grad:
            return self._forward_frozen(x)
        out = torch.bmm(x.reshape(self.tasks, -1, x.shape[-1]), self.weights().mT)
        out = out if self.shared.bias is None else out + self.shared.bias
        return out.reshape(*x.shape[:-1], -1)

    def _forward_frozen(self, x: Tensor) -> Tensor:
        """W x + scale * B_t (A_t x): a frozen W needs no gradient, so its sum with the updates is never formed."""
        out: Tensor = self.shared(x)
        parts, done = [], 0
        for (start, stop), adapters in zip(self.spans, self._updates(), strict=True):
            updated = out[..., start:stop]
            for adapter in adapters:
                items = x.reshape(len(adapter.a), -1, x.shape[-1])
                updated = updated + adapter.product(items).reshape(*x.shape[:-1], stop - start)
            parts += [out[..., done:start], updated]
            done = stop
        return torch.cat([*parts, out[..., done:]], dim=-1)

    def merged(self) -> nn.Module:
        """The same map without adapters: a plain layer for one task, a weight per task for more."""
        make = _with_weight if self.tasks == 1 else MergedLinear
        return make(self.shared, self.weights().detach())

    def keep_task(self, index: int) -> None:
        """Delete, in place, the adapters of the other tasks."""
        self.tasks = 1


class AdaptedConv2d(nn.Module):
    """A shared k x k convolution with task adapters in LoRA's convolutional form: A (r k, C_in k), B (C_out k, r k).

    Raises:
        ValueError: a kernel that is not square, or a convolution with a forward of its own.
    """

    def __init__(self, shared: nn.Conv2d, tasks: int, rank: int, alpha: float, kind: type[LowRank] = LowRank) -> None:
        super().__init__()
        if type(shared).forward is not nn.Conv2d.forward or len(set(shared.kernel_size)) > 1:
            raise ValueError(f"a {type(shared).__name__} of kernel {shared.kernel_size}, which takes no adapter")
        self.shared = shared
        self.tasks = tasks
        kernel = shared.kernel_size[0]
        inputs = shared.in_channels // shared.groups * kernel
        self.adapter = kind(tasks, inputs, shared.out_channels * kernel, rank * kernel, alpha * kernel)
        self.adapter_shared: LowRank | None = None

    def share_update(self) -> None:
        """Add, in place, an update of W that all tasks share: the B A of TESLA's W' = W + B A."""
        self.adapter_shared = self.adapter.for_all()

    def task_adapters(self) -> list[nn.Module]:
        """The update whose first axis is the task."""
        return [self.adapter]

    def weights(self) -> Tensor:
        """W' + scale * B_t A_t for every task, (T, C_out, C_in, k, k)."""
        update = _sum([self.adapter, *([self.adapter_shared] if self.adapter_shared else [])])
        return self.shared.weight + update.reshape(self.tasks, *self.shared.weight.shape)

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, C_in, H, W) -> (T * B, C_out, h, w)."""
        layer = self.shared
        outputs = [
            F.conv2d(chunk, weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)
            for chunk, weight in zip(by_task(x, self.tasks), self.weights(), strict=True)
        ]
        return torch.cat(outputs)

    def merged(self) -> nn.Module:
        """The same map without adapters: a plain layer for one task, a kernel per task for more."""
        make = _with_weight if self.tasks == 1 else MergedConv2d
        return make(self.shared, self.weights().detach())

    def keep_task(self, index: int) -> None:
        """Delete, in place, the adapters of the other tasks."""
        self.tasks = 1
