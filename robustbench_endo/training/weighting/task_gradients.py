"""Per-task gradients: collected over micro-batches, averaged over processes, combined, written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, plain
from robustbench_endo.training.weighting.shared_parameters import shared_parameters, tasks_of_loss


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
        self.tasks_of_loss: dict[nn.Parameter, list[int]] = {}
        for task, parameters in own.items():
            for parameter in parameters:
                self.tasks_of_loss.setdefault(parameter, []).append(tasks.index(task))
        self._check()
        sizes = [len(tasks), rows * _numbers(self.shared), _numbers(self.tasks_of_loss)]
        device = next(iter([*self.shared, *self.tasks_of_loss])).device
        self.flat = torch.zeros(sum(sizes), device=device)
        self.losses, matrix, vector = torch.split(self.flat, sizes)
        self.rows = matrix.view(rows, _numbers(self.shared))
        self._shared_views = [_views(row, self.shared) for row in self.rows]
        self._own_views = dict(zip(self.tasks_of_loss, _views(vector, self.tasks_of_loss), strict=True))

    def add(self, row: int, tasks: tuple[str, ...], loss: Tensor, factor: float, retain: bool = False) -> None:
        """Adds ``factor`` times the gradients of ``loss`` to a row and to the own parameters of these tasks."""
        chosen = {self.tasks.index(task) for task in tasks}
        own = [parameter for parameter, tasks_of_loss in self.tasks_of_loss.items() if chosen & set(tasks_of_loss)]
        places = [*self._shared_views[row], *(self._own_views[parameter] for parameter in own)]
        found = torch.autograd.grad(loss, [*self.shared, *own], retain_graph=retain, allow_unused=True)
        reached = [(place, gradient) for place, gradient in zip(places, found, strict=True) if gradient is not None]
        for place, gradient in reached:
            place.add_(gradient, alpha=factor)

    def replace(self, flat: Tensor) -> None:
        """Takes over what the processes agreed on."""
        if flat is not self.flat:
            self.flat.copy_(flat)

    def write(self, combined: AggregatedGradient, scale: float) -> None:
        """``.grad`` of every parameter, times ``scale``."""
        vector = combined.shared * scale
        for parameter, gradient in zip(self.shared, _views(vector, self.shared), strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        factors = combined.own * scale
        for parameter, tasks in self.tasks_of_loss.items():
            factor = factors.view(-1, *[1] * (parameter.dim() - 1)) if len(tasks) > 1 else factors[tasks[0]]
            parameter.grad = (self._own_views[parameter] * factor).to(parameter.dtype)

    def clear(self) -> None:
        """Starts afresh."""
        self.flat.zero_()

    def _check(self) -> None:
        if any(parameter in self.tasks_of_loss for parameter in self.shared):
            raise TrainingError("Expected parameters that are shared or a task's own, got one that is both.")
        for parameter, tasks in self.tasks_of_loss.items():
            if len(tasks) > 1 and (len(tasks) != len(self.tasks) or len(parameter) != len(self.tasks)):
                raise TrainingError(
                    f"Expected a parameter of {len(tasks)} tasks to have a slice for each of {len(self.tasks)}, got "
                    f"shape {tuple(parameter.shape)}: call it shared."
                )


def _numbers(parameters: Sequence[nn.Parameter] | Mapping[nn.Parameter, object]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _views(flat: Tensor, parameters: Sequence[nn.Parameter] | Mapping[nn.Parameter, object]) -> list[Tensor]:
    """Parts of a flat tensor in the shapes of the parameters."""
    parts = torch.split(flat, [parameter.numel() for parameter in parameters]) if parameters else ()
    return [part.view(parameter.shape) for part, parameter in zip(parts, parameters, strict=True)]


class TaskGradients:
    """One step is ``add`` after the forward of every micro-batch, then ``finish``, then the optimiser.

    A method that needs gradients by task costs one backward pass per task through what is shared, and one pass through
    each head: the pass of a task does not enter the heads of the others. Everything else costs one pass of the sum,
    as does a model with one task, for which there is nothing to weigh.

    Args:
        tasks: names of the losses.
        shared: parameters that two tasks or more reach.
        own: task -> its own parameters; one listed under every task is stacked along them, (T, ...).
        weighting: combines the gradients of the shared parameters.

    Raises:
        TrainingError: a parameter has no one place (see :class:`Buffers`).
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        shared: Sequence[nn.Parameter],
        own: Mapping[str, Sequence[nn.Parameter]],
        weighting: Weighting,
    ) -> None:
        self.tasks, self.weighting = tuple(tasks), weighting
        self.separate = weighting.separate and len(self.tasks) > 1
        self.buffers = Buffers(self.tasks, shared, own, rows=len(self.tasks) if self.separate else 1)
        self._scale = 1.0

    @classmethod
    def of(
        cls, model: nn.Module, losses: Mapping[str, Tensor], auxiliary: Mapping[str, Tensor], weighting: Weighting
    ) -> TaskGradients:
        """Who shares what is read off the graphs of the first losses: see :func:`shared_parameters`."""
        found = shared_parameters(model, losses, auxiliary)
        return cls(found.tasks, found.shared, found.own, weighting)

    def add(
        self,
        losses: Mapping[str, Tensor],
        auxiliary: Mapping[str, Tensor] | None = None,
        share: float = 1.0,
        scale: float = 1.0,
    ) -> None:
        """Adds a micro-batch, freeing its graph.

        Args:
            losses: task -> its loss, a scalar; a task that has none here may be missing, or a constant.
            auxiliary: losses that come with the model: one named `..._<task>` is added to the loss of that task, any
                other in equal parts to all.
            share: weight of the micro-batch in the step; those of a step sum to 1.
            scale: factor on the loss during the backward pass, for fp16.
        """
        self._scale = scale
        totals = self._totals(losses, auxiliary or {})
        for number, task in enumerate(self.tasks):
            if task in totals:
                self.buffers.losses[number] += share * totals[task].detach()
        graphs = {task: loss for task, loss in totals.items() if loss.requires_grad}
        if self.separate:
            for left, (task, loss) in zip(reversed(range(len(graphs))), graphs.items(), strict=True):
                self.buffers.add(self.tasks.index(task), (task,), share * scale * loss, 1 / scale, retain=left > 0)
        elif graphs:
            self.buffers.add(0, self.tasks, share * scale * torch.stack([*graphs.values()]).sum(), 1 / scale)

    def finish(self, synchronise: Callable[[Tensor], Tensor] | None = None) -> dict[str, float]:
        """Writes ``.grad`` of every parameter, times the scale of ``add``, and starts afresh.

        Gradients that are not finite are written as they are, summed, for a gradient scaler or a check to find; the
        weighting does not see them.

        Args:
            synchronise: a flat tensor -> its mean over all processes, the same on each.

        Returns:
            `loss/<task>` (with its auxiliary losses), `weight/<task>` of the method, and `scale/<task>`, the factor
            on the gradients of the task's own parameters.
        """
        if synchronise is not None:
            self.buffers.replace(synchronise(self.buffers.flat))
        with torch.no_grad():
            combined = self._combined()
            self.buffers.write(combined, self._scale)
        columns = zip(self.tasks, *(x.tolist() for x in (self.buffers.losses, *combined[1:])), strict=True)
        log: dict[str, float] = {}
        for task, loss, factor, weight in columns:
            log |= {f"loss/{task}": loss, f"weight/{task}": weight, f"scale/{task}": factor}
        self.buffers.clear()
        return log

    def _combined(self) -> AggregatedGradient:
        losses, gradients = self.buffers.losses, self.buffers.rows
        if self.separate and bool(self.buffers.flat.isfinite().all()):
            return self.weighting.combine(losses.clamp_min(0), gradients)
        return plain(losses, gradients)

    def _totals(self, losses: Mapping[str, Tensor], auxiliary: Mapping[str, Tensor]) -> dict[str, Tensor]:
        totals = {task: losses[task].float() for task in self.tasks if task in losses}
        for name, loss in auxiliary.items():
            to = tasks_of_loss(name, self.tasks)
            for task in to:
                part = loss.float() / len(to)
                totals[task] = totals[task] + part if task in totals else part
        return totals
