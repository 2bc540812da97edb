"""Gradients of each task: accumulated over micro-batches, averaged over processes, combined, written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.weighting.base import AggregatedGradient, Weighting, plain
from robustbench_endo.training.weighting.shared_parameters import shared_parameters, tasks_of_loss


class GradientBuffer:
    """``flat`` = losses (T,), gradients of the shared parameters (rows, n), of the task-specific parameters (m,).

    Args:
        tasks: names.
        shared: parameters with one gradient per row.
        specific: task -> parameters with one gradient; one under every task is stacked along them, (T, ...).
        rows: T, or 1 where the sum of the tasks is enough.

    Raises:
        TrainingError: a parameter is shared and task-specific, or specific to several tasks without an axis for them.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        shared: Sequence[nn.Parameter],
        specific: Mapping[str, Sequence[nn.Parameter]],
        rows: int,
    ) -> None:
        self.tasks, self.shared = tasks, list(shared)
        self.tasks_of_loss: dict[nn.Parameter, list[int]] = {}
        for task, parameters in specific.items():
            for parameter in parameters:
                self.tasks_of_loss.setdefault(parameter, []).append(tasks.index(task))
        self._check()
        sizes = [len(tasks), rows * _numbers(self.shared), _numbers(self.tasks_of_loss)]
        device = next(iter([*self.shared, *self.tasks_of_loss])).device
        self.flat = torch.zeros(sum(sizes), device=device)
        self.losses, matrix, vector = torch.split(self.flat, sizes)
        self.rows = matrix.view(rows, _numbers(self.shared))
        self._shared_views = [_views(row, self.shared) for row in self.rows]
        self._specific_views = dict(zip(self.tasks_of_loss, _views(vector, self.tasks_of_loss), strict=True))

    def add(self, row: int, tasks: tuple[str, ...], loss: Tensor, factor: float, retain: bool = False) -> None:
        """Add ``factor`` times the gradients of ``loss`` to a row and to the specific parameters of these tasks."""
        indices = {self.tasks.index(task) for task in tasks}
        specific = [parameter for parameter, owners in self.tasks_of_loss.items() if indices & set(owners)]
        views = [*self._shared_views[row], *(self._specific_views[parameter] for parameter in specific)]
        gradients = torch.autograd.grad(loss, [*self.shared, *specific], retain_graph=retain, allow_unused=True)
        for view, gradient in zip(views, gradients, strict=True):
            if gradient is not None:
                view.add_(gradient, alpha=factor)

    def replace(self, flat: Tensor) -> None:
        """Copy the average over the processes."""
        if flat is not self.flat:
            self.flat.copy_(flat)

    def write(self, combined: AggregatedGradient, scale: float) -> None:
        """Write ``.grad`` of every parameter, times ``scale``."""
        vector = combined.shared * scale
        for parameter, gradient in zip(self.shared, _views(vector, self.shared), strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        factors = combined.factors * scale
        for parameter, tasks in self.tasks_of_loss.items():
            factor = factors.view(-1, *[1] * (parameter.dim() - 1)) if len(tasks) > 1 else factors[tasks[0]]
            parameter.grad = (self._specific_views[parameter] * factor).to(parameter.dtype)

    def clear(self) -> None:
        """Set all gradients and losses to 0."""
        self.flat.zero_()

    def _check(self) -> None:
        if any(parameter in self.tasks_of_loss for parameter in self.shared):
            raise TrainingError(
                "Expected shared and task-specific parameters, got one in both groups: leave it in one of them."
            )
        for parameter, tasks in self.tasks_of_loss.items():
            if len(tasks) > 1 and (len(tasks) != len(self.tasks) or len(parameter) != len(self.tasks)):
                raise TrainingError(
                    f"Expected a parameter of {len(tasks)} tasks to have a slice for each of {len(self.tasks)}, got "
                    f"shape {tuple(parameter.shape)}: pass it as shared."
                )


def _numbers(parameters: Sequence[nn.Parameter] | Mapping[nn.Parameter, object]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _views(flat: Tensor, parameters: Sequence[nn.Parameter] | Mapping[nn.Parameter, object]) -> list[Tensor]:
    """Parts of a flat tensor in the shapes of the parameters."""
    parts = torch.split(flat, [parameter.numel() for parameter in parameters]) if parameters else ()
    return [part.view(parameter.shape) for part, parameter in zip(parts, parameters, strict=True)]


class TaskGradients:
    """A step is ``add`` after the forward pass of every micro-batch, then ``finish``, then the step of the optimizer.

    A method that needs the gradient of each task costs one backward pass per task through the shared parameters, and
    one pass through each head. Other methods, and models with one task, cost one backward pass of the sum.

    Args:
        tasks: names of the losses.
        shared: parameters of two or more tasks.
        specific: task -> parameters of only this task; one under every task is stacked along them, (T, ...).
        weighting: combines the gradients of the shared parameters.

    Raises:
        TrainingError: a parameter in two groups, see :class:`GradientBuffer`.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        shared: Sequence[nn.Parameter],
        specific: Mapping[str, Sequence[nn.Parameter]],
        weighting: Weighting,
    ) -> None:
        self.tasks, self.weighting = tuple(tasks), weighting
        self.separate = weighting.separate and len(self.tasks) > 1
        self.buffer = GradientBuffer(self.tasks, shared, specific, rows=len(self.tasks) if self.separate else 1)
        self._scale = 1.0

    @classmethod
    def of(
        cls, model: nn.Module, losses: Mapping[str, Tensor], auxiliary: Mapping[str, Tensor], weighting: Weighting
    ) -> TaskGradients:
        """The parameters are found in the graphs of the first losses, see :func:`shared_parameters`.

        Raises:
            TrainingError: a weighting of several tasks that share no trained parameter: it would weigh nothing.
        """
        sharing = shared_parameters(model, losses, auxiliary)
        if weighting.separate and len(sharing.tasks) > 1 and not sharing.shared:
            raise TrainingError(
                f"Expected tasks that share trained parameters for the weighting {weighting.name}, got a model that "
                "shares none: train with the weighting equal, or with an architecture that shares (mmoe, tesla, hps)."
            )
        return cls(sharing.tasks, sharing.shared, sharing.specific, weighting)

    def add(
        self,
        losses: Mapping[str, Tensor],
        auxiliary: Mapping[str, Tensor] | None = None,
        fraction: float = 1.0,
        scale: float = 1.0,
    ) -> None:
        """Add a micro-batch and free its graph.

        Args:
            losses: task -> loss, a scalar; a task without labels may be missing, or a constant.
            auxiliary: auxiliary losses of the model: ``..._<task>`` is added to the loss of that task, any other in
                equal parts to all.
            fraction: weight of the micro-batch in the step; those of a step sum to 1.
            scale: factor on the loss during the backward pass, for fp16.
        """
        self._scale = scale
        totals = self._totals(losses, auxiliary or {})
        for number, task in enumerate(self.tasks):
            if task in totals:
                self.buffer.losses[number] += fraction * totals[task].detach()
        graphs = {task: loss for task, loss in totals.items() if loss.requires_grad}
        if self.separate:
            for remaining, (task, loss) in zip(reversed(range(len(graphs))), graphs.items(), strict=True):
                self.buffer.add(
                    self.tasks.index(task), (task,), fraction * scale * loss, 1 / scale, retain=remaining > 0
                )
        elif graphs:
            self.buffer.add(0, self.tasks, fraction * scale * torch.stack([*graphs.values()]).sum(), 1 / scale)

    def finish(self, synchronise: Callable[[Tensor], Tensor] | None = None) -> dict[str, float]:
        """Write ``.grad`` of every parameter, times the scale of ``add``, and reset.

        Gradients that are not finite are summed and written, for a gradient scaler or a check to detect; the weighting
        is not called.

        Args:
            synchronise: a flat tensor -> its mean over all processes.

        Returns:
            ``loss/<task>`` (with its auxiliary losses), ``weight/<task>`` of the method, and ``scale/<task>``, the
            factor of the gradients of the task-specific parameters.
        """
        if synchronise is not None:
            self.buffer.replace(synchronise(self.buffer.flat))
        with torch.no_grad():
            combined = self._combined()
            self.buffer.write(combined, self._scale)
        columns = zip(self.tasks, *(x.tolist() for x in (self.buffer.losses, *combined[1:])), strict=True)
        log: dict[str, float] = {}
        for task, loss, factor, weight in columns:
            log |= {f"loss/{task}": loss, f"weight/{task}": weight, f"scale/{task}": factor}
        self.buffer.clear()
        return log

    def _combined(self) -> AggregatedGradient:
        losses, gradients = self.buffer.losses, self.buffer.rows
        if self.separate and bool(self.buffer.flat.isfinite().all()):
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
