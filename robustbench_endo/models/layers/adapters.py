"""Low-rank adapters beside a shared weight: one (LoRA) or one per task (TESLA).

A batch of T tasks is task-major: its first B items belong to task 0, the next B to task 1. Then
h_t = (W + scale * B_t A_t) x_t for every task in one pass, and one task's loss cannot reach another task's adapter.

Sources: Hu et al., "LoRA", ICLR 2022 (also the convolutional form); EndoARSS, arXiv 2506.06830 (one adapter per task).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.low_rank import LowRank
from robustbench_endo.models.layers.merged import MergedConv2d, MergedLinear, one_convolution, one_linear
from robustbench_endo.models.layers.task_major import by_task


class AdaptedLinear(nn.Module):
    """A shared linear layer with task adapters on chosen spans of its outputs.

    Args:
        shared: the layer, kept as it is.
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
        if not self.shared.weight.requires_grad:
            return self._beside(x)
        out = torch.bmm(x.reshape(self.tasks, -1, x.shape[-1]), self.weights().mT)
        out = out if self.shared.bias is None else out + self.shared.bias
        return out.reshape(*x.shape[:-1], -1)

    def _beside(self, x: Tensor) -> Tensor:
        """W x + scale * B_t (A_t x): a frozen W needs no gradient, so its sum with the updates is never formed."""
        out: Tensor = self.shared(x)
        items = x.reshape(self.tasks, -1, x.shape[-1])
        parts, done = [], 0
        for (start, stop), adapter in zip(self.spans, self.adapters, strict=True):
            assert isinstance(adapter, LowRank)
            update = adapter.product(items).reshape(*x.shape[:-1], stop - start)
            parts += [out[..., done:start], out[..., start:stop] + update]
            done = stop
        return torch.cat([*parts, out[..., done:]], dim=-1)

    def merged(self) -> nn.Module:
        """The same map without adapters: a plain layer for one task, a weight per task for more."""
        make = one_linear if self.tasks == 1 else MergedLinear
        return make(self.shared, self.weights().detach())

    def keep_task(self, index: int) -> None:
        """Drops, in place, the adapters of the other tasks."""
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

    def weights(self) -> Tensor:
        """W + scale * B_t A_t for every task, (T, C_out, C_in, k, k)."""
        update: Tensor = self.adapter()
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
        make = one_convolution if self.tasks == 1 else MergedConv2d
        return make(self.shared, self.weights().detach())

    def keep_task(self, index: int) -> None:
        """Drops, in place, the adapters of the other tasks."""
        self.tasks = 1
