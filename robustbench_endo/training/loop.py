"""The training loop: steps over batches, a saved state after every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor, nn

from robustbench_endo.training.augment import Augment
from robustbench_endo.training.errors import TrainingError
from robustbench_endo.training.frames import Batch, Frames
from robustbench_endo.training.losses import class_weights, task_losses
from robustbench_endo.training.schedule import learning_rate
from robustbench_endo.training.settings import Settings

CLIP = 1.0
"""Largest gradient norm of a step; keeps the transformer's first epochs in bounds."""


@dataclass
class Loop:
    """One model, its frames, its optimiser."""

    model: nn.Module
    frames: Frames
    settings: Settings
    augment: Augment | None
    device: torch.device

    def __post_init__(self) -> None:
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(parameters, lr=self.settings.learning_rate)
        classes = getattr(self.model, "num_classes", None)
        self.weights = class_weights(self.frames.masks, classes).to(self.device) if classes else None

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return ceil(len(self.frames) / self.settings.batch_size)

    def epoch(self, epoch: int) -> Iterator[float]:
        """Trains on every frame once; yields the loss of every step.

        Raises:
            TrainingError: a loss that is not finite; names the batch. The saved state is the last good one.
        """
        self.model.train()
        order = torch.randperm(len(self.frames), generator=self._generator(epoch)).tolist()
        for number in range(self.batches):
            start = number * self.settings.batch_size
            chosen = order[start : start + self.settings.batch_size]
            batch = self.frames.batch(chosen, self.augment, (self.settings.seed, epoch)).to(self.device)
            yield self._step(batch, epoch, number)

    def _generator(self, epoch: int) -> torch.Generator:
        return torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)

    def _step(self, batch: Batch, epoch: int, number: int) -> float:
        step, steps = epoch * self.batches + number, self.settings.epochs * self.batches
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, self.settings.learning_rate)
        loss = self._loss(batch)
        value = loss.item()
        if not torch.isfinite(loss):
            raise TrainingError(
                f"Expected a finite loss, found {value} in epoch {epoch}, batch {number} (frames "
                f"{', '.join(batch.ids)}): look at these frames or lower the learning rate; the last "
                "finished epoch is kept."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        return value

    def _loss(self, batch: Batch) -> Tensor:
        logits, auxiliary = _outputs(self.model, batch.images)
        losses = task_losses(logits, batch, self.weights)
        if "activity" in losses:
            losses["activity"] = self.settings.activity_weight * losses["activity"]
        return torch.stack([*losses.values(), *auxiliary.values()]).sum()


def _outputs(model: nn.Module, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Logits and auxiliary losses; a user's model has only logits."""
    with_auxiliary = getattr(model, "with_auxiliary", None)
    outputs: tuple[dict[str, Tensor], dict[str, Tensor]] = (
        with_auxiliary(images) if with_auxiliary else (model(images), {})
    )
    return outputs
