"""The training loop: a step is a batch in parts, the tasks' gradients combined, one move of Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.data import NO_ACTIVITY, Batch, PrefetchLoader
from robustbench_endo.training.settings import TrainConfig
from robustbench_endo.training.weighting import TaskGradients, load_weighting
from robustbench_endo.types import IGNORE


def task_losses(
    logits: dict[str, Tensor], batch: Batch, class_weights: Tensor | None = None, dice_weight: float = 0.0
) -> dict[str, Tensor]:
    """The loss of every task that the model has, a scalar each; 0 where no frame of the batch has the answer.

    Segmentation logits are enlarged to the masks' size first; all is computed in float32.
    """
    losses: dict[str, Tensor] = {}
    if "segmentation" in logits:
        enlarged = F.interpolate(logits["segmentation"].float(), batch.masks.shape[1:], mode="bilinear")
        losses["segmentation"] = _cross_entropy(enlarged, batch.masks, IGNORE, class_weights)
        if dice_weight:
            losses["segmentation"] = losses["segmentation"] + dice_weight * dice_loss(enlarged, batch.masks)
    if "activity" in logits:
        losses["activity"] = _cross_entropy(logits["activity"].float(), batch.activities, NO_ACTIVITY, None)
    return losses


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - the mean over the batch's present classes of 2 sum(p t) / (sum(p) + sum(t)), over all its pixels.

    Source: Milletari et al., "V-Net", 3DV 2016, with the sums over the batch, so that small classes are seldom absent.
    """
    classes = logits.shape[1]
    kept = (masks != IGNORE)[:, None]
    shares = logits.softmax(dim=1) * kept
    targets = F.one_hot(masks.where(masks != IGNORE, 0), classes).movedim(-1, 1) * kept
    sums = (0, 2, 3)
    overlap, total = (shares * targets).sum(sums), shares.sum(sums) + targets.sum(sums)
    present = targets.sum(sums) > 0
    scores = 2 * overlap / total.clamp_min(1e-6)
    return torch.where(present, 1 - scores, 0.0).sum() / present.sum().clamp_min(1)


def class_weights(masks: Tensor, num_classes: int) -> Tensor:
    """Weights (num_classes,) proportional to 1 / sqrt(pixel share), mean 1 over the pixels; absent classes get 0.

    The square root lifts the small instruments without drowning the tissue.
    """
    counts = torch.bincount(masks[masks != IGNORE].flatten(), minlength=num_classes)[:num_classes].double()
    weights = torch.where(counts > 0, counts.clamp_min(1).rsqrt(), 0.0)
    mean = (weights * counts).sum() / counts.sum().clamp_min(1)
    return (weights / mean.clamp_min(1e-12)).float()


def _cross_entropy(logits: Tensor, target: Tensor, ignore: int, weights: Tensor | None) -> Tensor:
    if (target == ignore).all():
        return logits.sum() * 0.0
    return F.cross_entropy(logits, target, weights, ignore_index=ignore)


def learning_rate(step: int, steps: int, peak: float, warmup: float = 0.05) -> float:
    """The rate at ``step`` of ``steps``; ``warmup`` is the share of the steps that rises linearly."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


Corrupt = Callable[[Tensor, Tensor, Sequence[str], int], tuple[Tensor, Tensor]]
"""(images (B, 3, H, W) in [0, 1], masks (B, H, W), ids, epoch) -> the first two, damaged; a pure function."""


@dataclass
class TrainStep:
    """One model, its frames, its optimiser.

    Attributes:
        model: on the fabric's device.
        loader: batches of this process.
        settings: of the run.
        fabric: a launched Lightning Fabric: device, precision, processes.
        corrupt: corruption augmentation, if any.
    """

    model: nn.Module
    loader: PrefetchLoader
    settings: TrainConfig
    fabric: Any
    corrupt: Corrupt | None = None

    def __post_init__(self) -> None:
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(parameters, lr=self.settings.learning_rate)
        self.optimizer = self.fabric.setup_optimizers(self.adam)
        self.weighting = load_weighting(self.settings.weighting, **self.settings.weighting_options)
        self.gradients: TaskGradients | None = None
        self.class_weights = self._class_weights()

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return self.loader.batches

    def epoch(self, epoch: int) -> Iterator[dict[str, float]]:
        """Trains on every frame once; yields the losses of every step: `loss`, their sum, and each task's own.

        Raises:
            TrainingError: a loss that is not finite; names the batch.
        """
        self.model.train()
        for module in frozen(self.model):
            module.eval()
        self.weighting.start_epoch(epoch)
        for number, (batch, share) in enumerate(self.loader.epoch(epoch)):
            self._set_learning_rate(epoch * self.batches + number)
            yield self._step(batch, share, epoch, number)

    def _set_learning_rate(self, step: int) -> None:
        steps, peak = self.settings.epochs * self.batches, self.settings.learning_rate
        rate = learning_rate(step, steps, peak) if self.settings.schedule == "cosine" else peak
        for group in self.adam.param_groups:
            group["lr"] = rate

    def _step(self, batch: Batch, share: float, epoch: int, number: int) -> dict[str, float]:
        self.adam.zero_grad(set_to_none=True)
        scale = self._loss_scale()
        for part in batch.parts(self.settings.grad_accum):
            losses, auxiliary = self._losses(part.to(self.fabric.device), epoch)
            if self.gradients is None:
                self.gradients = TaskGradients.of(self.model, losses, auxiliary, self.weighting)
            self._check(losses, part, epoch, number)
            self.gradients.add(losses, auxiliary, share * len(part.ids) / len(batch.ids), scale)
        assert self.gradients is not None
        told = self.gradients.finish(self._mean_over_processes if self.fabric.world_size > 1 else None)
        told["loss"] = sum(told[f"loss/{task}"] for task in losses)
        self._clip(batch, epoch, number)
        self.optimizer.step()
        return told | {"learning_rate": self.adam.param_groups[0]["lr"]}

    def _clip(self, batch: Batch, epoch: int, number: int) -> None:
        """Limits the gradient's norm; one that is not finite would spoil the weights without a word."""
        limit = self.settings.grad_clip or math.inf
        norm = float(self.fabric.clip_gradients(self.model, self.adam, max_norm=limit, error_if_nonfinite=False))
        if not math.isfinite(norm) and self.settings.precision != "16-mixed":  # there the scaler skips the step
            raise _not_finite(f"a gradient of norm {norm}", epoch, number, batch.ids)

    def _losses(self, batch: Batch, epoch: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        images, masks = batch.images, batch.masks
        if self.corrupt:
            images, masks = self.corrupt(images, masks, batch.ids, epoch)
            batch = Batch(images, masks, batch.activities, batch.ids)
        with self.fabric.autocast():
            logits, auxiliary = _outputs(self.model, images)
        losses = task_losses(logits, batch, self.class_weights, self.settings.dice_weight)
        if "activity" in losses:
            losses["activity"] = self.settings.activity_weight * losses["activity"]
        return losses, auxiliary

    def _check(self, losses: dict[str, Tensor], batch: Batch, epoch: int, number: int) -> None:
        values = {task: loss.item() for task, loss in losses.items()}
        if wrong := [f"{task} {value}" for task, value in values.items() if value - value != 0]:
            raise _not_finite(", ".join(wrong), epoch, number, batch.ids)

    def _loss_scale(self) -> float:
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        # scale() also starts the scaler, which unscaling later asks for.
        return float(scaler.scale(torch.ones((), device=self.fabric.device))) if scaler else 1.0

    def _mean_over_processes(self, flat: Tensor) -> Tensor:
        mean: Tensor = self.fabric.all_reduce(flat, reduce_op="mean")
        return mean

    def _class_weights(self) -> Tensor | None:
        classes = getattr(self.model, "num_classes", None)
        if not classes or self.settings.class_weights == "none":
            return None
        return class_weights(self.loader.frames.masks, classes).to(self.fabric.device)


def frozen(model: nn.Module) -> list[nn.Module]:
    """Modules whose own parameters are all frozen: their running statistics stay as they are, too."""
    own = {module: list(module.parameters(recurse=False)) for module in model.modules()}
    return [module for module, held in own.items() if held and not any(p.requires_grad for p in held)]


def _not_finite(found: str, epoch: int, number: int, ids: Sequence[str]) -> TrainingError:
    return TrainingError(
        f"Expected a finite loss, got {found} in epoch {epoch}, batch {number} (frames {', '.join(ids)}): look at "
        "these frames or lower the learning rate; the last finished epoch is kept."
    )


def _outputs(model: nn.Module, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Logits and auxiliary losses; a user's model has only logits."""
    with_auxiliary = getattr(model, "with_auxiliary", None)
    outputs: tuple[dict[str, Tensor], dict[str, Tensor]] = (
        with_auxiliary(images) if with_auxiliary else (model(images), {})
    )
    return outputs
