"""One flat tensor for everything that a step collects: one exchange between processes, no copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from robustbench_endo.training.errors import TrainingError
from robustbench_endo.training.weighting.base import Combined


class Buffers:
    """``flat`` = losses (T,), gradients of the shared parameters (rows, n), gradients of the own parameters (m,).

    Args:
        tasks: names.
        shared: parameters with one gradient per row.
        own: task -> parameters with one gradient; one listed under every task is stacked along them, (T, ...).
        rows: T, or 1 where the sum of the tasks is enough.

    Raises:
        TrainingError: a parameter is shared and own, or own to several tasks without an axis for them.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        shared: Sequence[nn.Parameter],
        own: Mapping[str, Sequence[nn.Parameter]],
        rows: int,
    ) -> None:
        self.tasks, self.shared = tasks, list(shared)
        self.owners: dict[nn.Parameter, list[int]] = {}
        for task, parameters in own.items():
            for parameter in parameters:
                self.owners.setdefault(parameter, []).append(tasks.index(task))
        self._check()
        sizes = [len(tasks), rows * _numbers(self.shared), _numbers(self.owners)]
        device = next(iter([*self.shared, *self.owners])).device
        self.flat = torch.zeros(sum(sizes), device=device)
        self.losses, matrix, vector = torch.split(self.flat, sizes)
        self.rows = matrix.view(rows, _numbers(self.shared))
        self._shared_views = [_views(row, self.shared) for row in self.rows]
        self._own_views = dict(zip(self.owners, _views(vector, self.owners), strict=True))

    def add(self, row: int, tasks: tuple[str, ...], loss: Tensor, factor: float, retain: bool = False) -> None:
        """Adds ``factor`` times the gradients of ``loss`` to a row and to the own parameters of these tasks."""
        chosen = {self.tasks.index(task) for task in tasks}
        own = [parameter for parameter, owners in self.owners.items() if chosen & set(owners)]
        places = [*self._shared_views[row], *(self._own_views[parameter] for parameter in own)]
        found = torch.autograd.grad(loss, [*self.shared, *own], retain_graph=retain, allow_unused=True)
        reached = [(place, gradient) for place, gradient in zip(places, found, strict=True) if gradient is not None]
        for place, gradient in reached:
            place.add_(gradient, alpha=factor)

    def replace(self, flat: Tensor) -> None:
        """Takes over what the processes agreed on."""
        if flat is not self.flat:
            self.flat.copy_(flat)

    def write(self, combined: Combined, scale: float) -> None:
        """``.grad`` of every parameter, times ``scale``."""
        vector = combined.shared * scale
        for parameter, gradient in zip(self.shared, _views(vector, self.shared), strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        factors = combined.own * scale
        for parameter, owners in self.owners.items():
            factor = factors.view(-1, *[1] * (parameter.dim() - 1)) if len(owners) > 1 else factors[owners[0]]
            parameter.grad = (self._own_views[parameter] * factor).to(parameter.dtype)

    def clear(self) -> None:
        """Starts afresh."""
        self.flat.zero_()

    def _check(self) -> None:
        if any(parameter in self.owners for parameter in self.shared):
            raise TrainingError("Expected parameters that are shared or a task's own, found one that is both.")
        for parameter, owners in self.owners.items():
            if len(owners) > 1 and (len(owners) != len(self.tasks) or len(parameter) != len(self.tasks)):
                raise TrainingError(
                    f"Expected a parameter of {len(owners)} tasks to have a slice for each of {len(self.tasks)}, found "
                    f"shape {tuple(parameter.shape)}: call it shared."
                )


def _numbers(parameters: Sequence[nn.Parameter] | Mapping[nn.Parameter, object]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _views(flat: Tensor, parameters: Sequence[nn.Parameter] | Mapping[nn.Parameter, object]) -> list[Tensor]:
    """Parts of a flat tensor in the shapes of the parameters."""
    parts = torch.split(flat, [parameter.numel() for parameter in parameters]) if parameters else ()
    return [part.view(parameter.shape) for part, parameter in zip(parts, parameters, strict=True)]
