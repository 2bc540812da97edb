"""The settings of one training run; a run resumes only under the same ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from robustbench_endo.errors import TrainingError, unknown_name

Schedule = Literal["cosine", "constant"]

ClassWeights = Literal["sqrt", "none"]

Precision = Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true"]


@dataclass(frozen=True)
class TrainConfig:
    """Defaults suit the tiny models on a few hundred frames.

    Attributes:
        epochs: passes over the frames.
        batch_size: frames per step, over all devices and accumulated parts together.
        learning_rate: Adam's peak learning rate.
        seed: of the initial weights, the order, the augmentation and dropout.
        augment: name of an augmentation (`surgical`, `light`, `none`) or a TOML file of one.
        augmix: chained-augmentation mixing after it.
        schedule: `cosine` after a linear warm-up of 5 % of the steps, or `constant`.
        weighting: how the tasks' gradients are combined, see :mod:`robustbench_endo.training.weighting`.
        weighting_options: parameters of the weighting; empty: its authors' defaults.
        activity_weight: the activity loss is multiplied by this.
        dice_weight: weight of the soft Dice loss beside the segmentation's cross-entropy.
        class_weights: of the segmentation's cross-entropy: `sqrt` (1 / sqrt of the pixel share) or `none`.
        clip: largest gradient norm of a step; 0 = no limit.
        precision: `32-true`, `bf16-mixed`, `16-mixed` (GPU only) or `bf16-true`.
        accumulate: a step's batch is run in this many parts, for memory.
        patience: stop after this many epochs without a better validation; 0 = never.
        activation_checkpointing: recompute the blocks' activations in the backward pass: slower, far less memory.
        corruptions: names of the corruptions that frames are trained on, for the record.

    Raises:
        TrainingError: a setting outside its range; UnknownNameError: a name that is not one of its choices.
    """

    epochs: int = 100
    batch_size: int = 8
    learning_rate: float = 2e-3
    seed: int = 0
    augment: str = "surgical"
    augmix: bool = False
    schedule: Schedule = "cosine"
    weighting: str = "equal"
    weighting_options: dict[str, float] = field(default_factory=dict)
    activity_weight: float = 0.5
    dice_weight: float = 0.0
    class_weights: ClassWeights = "sqrt"
    grad_clip: float = 1.0
    precision: Precision = "32-true"
    grad_accum: int = 1
    patience: int = 0
    activation_checkpointing: bool = False
    corruptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "grad_accum"):
            self._require(name, getattr(self, name) >= 1, ">= 1")
        for name in ("activity_weight", "dice_weight", "grad_clip", "patience"):
            self._require(name, getattr(self, name) >= 0, ">= 0")
        self._require("learning_rate", self.learning_rate > 0, "> 0")
        self._require("grad_accum", self.grad_accum <= self.batch_size, f"<= batch_size ({self.batch_size})")
        for name, choices in (("schedule", Schedule), ("class_weights", ClassWeights), ("precision", Precision)):
            if getattr(self, name) not in get_args(choices):
                raise unknown_name(name.replace("_", " "), getattr(self, name), get_args(choices))

    def _require(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise TrainingError(f"Expected {name} {expected}, got {getattr(self, name)}: change it.")


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

Log = dict[str, Any]

_PAPER = TrainConfig(
    epochs=200,
    batch_size=16,
    augment="none",
    schedule="constant",
    weighting="db_mtl",
    activity_weight=1.0,
    class_weights="none",
    grad_clip=0.0,
)

PRESETS: dict[str, TrainConfig] = {
    "mtlesd": replace(_PAPER, learning_rate=1e-4),
    "mtlendovis": replace(_PAPER, learning_rate=1e-3),
}
"""Adam, 200 epochs of batches of 16, cross-entropy for both tasks, a learning rate per data set, DB-MTL (as the paper's
own rows)."""


def preset(name: str) -> TrainConfig:
    """The settings of a preset.

    Raises:
        UnknownNameError: no preset is called that.
    """
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return PRESETS[name]
