"""The settings of one training run; a run resumes only under the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from robustbench_endo.training.errors import TrainingError


@dataclass(frozen=True)
class Settings:
    """Defaults suit the tiny models on a few hundred frames.

    Attributes:
        epochs: passes over the frames.
        batch_size: frames per step.
        learning_rate: Adam's peak learning rate, reached after the warm-up, then a cosine to 0.
        seed: of the order, the augmentation and dropout.
        augment: name of the augmentation, `surgical`, `light` or `none`.
        activity_weight: the activity loss is multiplied by this.
    """

    epochs: int = 100
    batch_size: int = 8
    learning_rate: float = 2e-3
    seed: int = 0
    augment: str = "surgical"
    activity_weight: float = 0.5

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise TrainingError(f"Expected {name} >= 1, found {getattr(self, name)}: raise it.")
        if not self.learning_rate > 0:
            raise TrainingError(f"Expected learning_rate > 0, found {self.learning_rate}: raise it.")


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told after every step.

    Attributes:
        epoch: running epoch, from 0.
        epochs: all epochs.
        batch: finished batches of the epoch.
        batches: all batches of an epoch.
        loss: the step's loss.
        scores: validation scores, after the last batch of an epoch with validation.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    scores: dict[str, float] | None = None


ProgressCallback = Callable[[Progress], None]
