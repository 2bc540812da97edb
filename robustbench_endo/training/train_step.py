"""A training step: a batch in micro-batches, the tasks' gradients combined, one step of Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.registry import TASKS
from robustbench_endo.training.config import TrainConfig
from robustbench_endo.training.data import MAP_TASK, Batch, PrefetchLoader, output_tasks
from robustbench_endo.training.weighting import TaskGradients, load_weighting


def learning_rate(step: int, steps: int, peak: float, warmup: float = 0.05) -> float:
    """The rate at ``step`` of ``steps``: a linear rise over the fraction ``warmup`` of them, then a cosine to 0."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


class NotFiniteError(TrainingError):
    """A loss or gradient that is not finite: the weights that gave it are saved for diagnosis."""


Corrupt = Callable[[Tensor, Tensor, Sequence[str], int], tuple[Tensor, Tensor]]
"""(images (B, 3, H, W) in [0, 1], masks (B, H, W), ids, epoch) -> images and masks, corrupted; a pure function."""


@dataclass
class TrainStep:
    """Steps of one model on its frames with its optimizer.

    Attributes:
        model: on the device of the fabric.
        loader: batches of this process.
        config: of the training.
        fabric: a launched Lightning Fabric: device, precision, processes.
        corrupt: corruption augmentation, if any.
    """

    model: nn.Module
    loader: PrefetchLoader
    config: TrainConfig
    fabric: Any
    corrupt: Corrupt | None = None

    def __post_init__(self) -> None:
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(parameters, lr=self.config.learning_rate)
        self.optimizer = self.fabric.setup_optimizers(self.adam)
        self.weighting = load_weighting(self.config.weighting)
        self.gradients: TaskGradients | None = None
        self.label_weights = {task.name: self._label_weights(task) for task in TASKS}

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return self.loader.batches

    def epoch(self, epoch: int) -> Iterator[dict[str, float]]:
        """Train on every frame once; yields the losses of every step: ``loss``, their sum, and that of each task.

        Raises:
            NotFiniteError: a loss that is not finite; names the batch.
            TrainingError: a weighting of tasks that share no trained parameter.
        """
        self.model.train()
        for module in frozen(self.model):
            module.eval()
        self.weighting.start_epoch(epoch)
        for number, (batch, fraction) in enumerate(self.loader.epoch(epoch)):
            self._set_learning_rate(epoch * self.batches + number)
            yield self.step(batch, fraction, epoch, number)

    def _set_learning_rate(self, step: int) -> None:
        steps, peak = self.config.epochs * self.batches, self.config.learning_rate
        rate = learning_rate(step, steps, peak) if self.config.schedule == "cosine" else peak
        for group in self.adam.param_groups:
            group["lr"] = rate

    def step(self, batch: Batch, fraction: float = 1.0, epoch: int = 0, number: int = 0) -> dict[str, float]:
        """Train on a batch.

        Args:
            batch: of this process.
            fraction: weight of its loss, see :meth:`PrefetchLoader.epoch`.
            epoch, number: of the batch, for the corruptions and messages.

        Returns:
            ``loss``, ``learning_rate``, and the values of :meth:`TaskGradients.finish`.
        """
        self.adam.zero_grad(set_to_none=True)
        scale = self._loss_scale()
        for part in batch.parts(self.config.grad_accum):
            losses, auxiliary = self._losses(part.to(self.fabric.device), epoch)
            if self.gradients is None:
                self.gradients = TaskGradients.of(self.model, losses, auxiliary, self.weighting)
            self._check(losses, part, epoch, number)
            self.gradients.add(losses, auxiliary, fraction * len(part.ids) / len(batch.ids), scale)
        assert self.gradients is not None
        values = self.gradients.finish(self._mean_over_processes if self.fabric.world_size > 1 else None)
        values["loss"] = sum(values[f"loss/{task}"] for task in losses)
        self._clip(batch, epoch, number)
        self.optimizer.step()
        return values | {"learning_rate": self.adam.param_groups[0]["lr"]}

    def _clip(self, batch: Batch, epoch: int, number: int) -> None:
        """Limit the norm of the gradient; one that is not finite would silently destroy the weights."""
        limit = self.config.grad_clip or math.inf
        norm = float(self.fabric.clip_gradients(self.model, self.adam, max_norm=limit, error_if_nonfinite=False))
        if not math.isfinite(norm) and self.config.precision != "16-mixed":  # there the scaler skips the step
            raise _not_finite(f"a gradient of norm {norm}", epoch, number, batch.ids)

    def _losses(self, batch: Batch, epoch: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        if self.corrupt:
            images, maps = self.corrupt(batch.images, batch.targets[MAP_TASK], batch.ids, epoch)
            batch = Batch(images, {**batch.targets, MAP_TASK: maps}, batch.ids)
        with self.fabric.autocast():
            logits, auxiliary = _outputs(self.model, batch.images)
        losses = {task.name: self._loss(task, logits[task.name], batch) for task in output_tasks(logits)}
        return losses, auxiliary

    def _loss(self, task: Task, logits: Tensor, batch: Batch) -> Tensor:
        weight = self.config.task_weights.get(task.name, task.default_loss_weight())
        options = {"dice_weight": self.config.dice_weight}
        loss = task.loss(logits, batch.targets[task.name], self.label_weights[task.name], options)
        return loss if weight == 1 else weight * loss

    def _check(self, losses: dict[str, Tensor], batch: Batch, epoch: int, number: int) -> None:
        values = {task: loss.item() for task, loss in losses.items()}
        if wrong := [f"{task} {value}" for task, value in values.items() if value - value != 0]:
            raise _not_finite(", ".join(wrong), epoch, number, batch.ids)

    def _loss_scale(self) -> float:
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        # scale() also initialises the scaler, which is needed to unscale.
        return float(scaler.scale(torch.ones((), device=self.fabric.device))) if scaler else 1.0

    def _mean_over_processes(self, flat: Tensor) -> Tensor:
        mean: Tensor = self.fabric.all_reduce(flat, reduce_op="mean")
        return mean

    def _label_weights(self, task: Task) -> Tensor | None:
        num_labels = getattr(self.model, f"num_{task.label_attribute}", None)
        if not num_labels or self.config.class_weights == "none":
            return None
        weights = task.label_weights(self.loader.frames.targets[task.name], num_labels)
        return None if weights is None else weights.to(self.fabric.device)


def frozen(model: nn.Module) -> list[nn.Module]:
    """Modules whose direct parameters are all frozen: their running statistics stay as they are, too."""
    direct = {module: list(module.parameters(recurse=False)) for module in model.modules()}
    return [module for module, group in direct.items() if group and not any(p.requires_grad for p in group)]


def _not_finite(values: str, epoch: int, number: int, ids: Sequence[str]) -> NotFiniteError:
    return NotFiniteError(
        f"Expected a finite loss, got {values} in epoch {epoch}, batch {number} (frames {', '.join(ids)}): check "
        "these frames or lower the learning rate; the last finished epoch is saved."
    )


def _outputs(model: nn.Module, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Logits and auxiliary losses; a user's model has only logits."""
    with_auxiliary = getattr(model, "with_auxiliary", None)
    outputs: tuple[dict[str, Tensor], dict[str, Tensor]] = (
        with_auxiliary(images) if with_auxiliary else (model(images), {})
    )
    return outputs
