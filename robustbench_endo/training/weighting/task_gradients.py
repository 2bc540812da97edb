"""Per-task gradients: collected over micro-batches, averaged over processes, combined, written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from robustbench_endo.training.weighting.base import Combined, Weighting, plain
from robustbench_endo.training.weighting.buffers import Buffers
from robustbench_endo.training.weighting.sharing import owners, shared_parameters


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

    def _combined(self) -> Combined:
        losses, gradients = self.buffers.losses, self.buffers.rows
        if self.separate and bool(self.buffers.flat.isfinite().all()):
            return self.weighting.combine(losses.clamp_min(0), gradients)
        return plain(losses, gradients)

    def _totals(self, losses: Mapping[str, Tensor], auxiliary: Mapping[str, Tensor]) -> dict[str, Tensor]:
        totals = {task: losses[task].float() for task in self.tasks if task in losses}
        for name, loss in auxiliary.items():
            to = owners(name, self.tasks)
            for task in to:
                part = loss.float() / len(to)
                totals[task] = totals[task] + part if task in totals else part
        return totals
