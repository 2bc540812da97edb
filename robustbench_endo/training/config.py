"""The configuration of a training: every option of ``robust-endo train``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from robustbench_endo.config import option, to_values
from robustbench_endo.data_options import (
    classes_option,
    independent_frames_option,
    label_map_option,
    split_names,
    subject_regex_option,
)
from robustbench_endo.errors import TrainingError, unknown_name
from robustbench_endo.tracking.names import LOGGERS, logger_names, parse_loggers

Schedule = Literal["cosine", "constant"]
ClassWeights = Literal["sqrt", "none"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true"]

MEAN_OF_TASKS = "mean_of_tasks"
"""Selects the epoch by the mean of the validation metrics of all tasks."""

MAX_SEEDS = 1000
MAX_DEVICES = 10_000
MAX_SEED = 2**32 - 1
"""Largest seed that all random number generators take."""

HARDENING = ("augmix", "pixmix", "corruptions")

_NOT_RECORDED = (
    *("model", "data", "split", "classes", "label_map", "subject_regex", "assume_independent_frames"),
    *("validation", "extra_data", "init_weights"),
    *("device", "devices", "nodes", "workers", "loggers", "out", "seeds"),
)
"""Options that select sources, hardware and output: the checkpoint records what they resolve to instead."""


def parse_validation(text: str) -> float | str | None:
    """A fraction of the subjects, the name of a split, or None for ``none``.

    >>> parse_validation("0.2"), parse_validation("val"), parse_validation("none")
    (0.2, 'val', None)
    """
    try:
        return float(text)
    except ValueError:
        return None if text == "none" else text


def parse_task_weights(weights: str | Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    """Task -> factor of its loss, from texts ``task=factor`` or a mapping.

    Raises:
        TrainingError: a text of another form, or a negative factor.
        UnknownNameError: no such task.

    >>> parse_task_weights(["segmentation=1", "activity=0.5"])
    {'segmentation': 1.0, 'activity': 0.5}
    """
    from robustbench_endo.tasks.registry import get_task

    texts = [weights] if isinstance(weights, str) else weights
    pairs = texts.items() if isinstance(texts, Mapping) else [text.partition("=")[::2] for text in texts]
    parsed: dict[str, float] = {}
    for name, value in pairs:
        task = get_task(name.strip()).name
        try:
            parsed[task] = float(value)
        except (TypeError, ValueError) as error:
            raise TrainingError(
                f"Expected TASK=NUMBER as a task weight, got {value!r} for {name}: correct it."
            ) from error
        if not 0 <= parsed[task] < math.inf:
            raise TrainingError(f"Expected a finite task weight >= 0 for {name}, got {value}: change it.")
    return parsed


def selection_metrics() -> tuple[str, ...]:
    """Names of the metrics by which an epoch can be selected.

    >>> selection_metrics()
    ('mean_of_tasks', 'miou', 'accuracy')
    """
    from robustbench_endo.tasks.registry import TASKS

    return (MEAN_OF_TASKS, *(task.headline for task in reversed(TASKS)))


@dataclass(frozen=True)
class TrainConfig:
    """Every setting of a training, each documented by the help text of its option.

    Model, data, weights, hardware and output are specs (texts) on the command line; :func:`train` takes them as
    arguments instead. The defaults suit the tiny models on a few hundred frames. The seed determines the initial
    weights, the order of the frames, augmentation and dropout.

    Raises:
        TrainingError: a value outside its range, or values that contradict each other.
        UnknownNameError: a name that is not one of its choices.

    >>> TrainConfig(epochs=2, task_weights={"activity": 1}).task_weights
    {'activity': 1.0}
    """

    model: str = option(
        "tiny-resnet/mmoe", "backbone/architecture (see robust-endo models), or file.py:factory.", "--model", "-m"
    )
    data: str = option("synthetic", "Folder of frames, or the name of a data set.", "--data", "-d")
    split: str | None = option(None, "Sub-folder or split.", shown_default="train where there is one")
    classes: tuple[str, ...] | None = classes_option()
    label_map: str | None = label_map_option()
    subject_regex: str | None = subject_regex_option()
    assume_independent_frames: bool = independent_frames_option()
    validation: float | str | None = option(
        None,
        "Frames that select the best epoch: a fraction of the subjects (0.2), or a split (val).",
        parse=parse_validation,
        shown_default="none: the last epoch",
    )
    extra_data: tuple[str, ...] = option(
        (), "Further training data with the same labels, such as synthesized frames; repeatable.", multiple=True
    )
    select_by: str = option(
        MEAN_OF_TASKS,
        "Validation metric by which the saved epoch is selected: mean_of_tasks (of the metrics of all tasks), miou or "
        "accuracy.",
    )
    init_weights: str | None = option(
        None, "Initial weights: a checkpoint folder, a weight file, or pretrained.", shown_default="random"
    )
    epochs: int = option(100, "Passes over the training frames.", type="int")
    batch_size: int = option(8, "Frames per step, over all devices.", type="int")
    learning_rate: float = option(2e-3, "Peak learning rate of Adam.", "--learning-rate", "--lr", type="float")
    schedule: Schedule = option(
        "cosine", "Learning rate: cosine (after a warm-up of 5 % of the steps) or constant.", choices=get_args(Schedule)
    )
    seed: int = option(0, "Random seed.", type="int")
    seeds: int = option(
        1, "Number of trainings: with the seeds --seed, --seed + 1, ... in the folders OUT/seed0, ...", type="int"
    )
    augment: str = option(
        "surgical", "Augmentation: surgical, light, none, a TOML file; or surgical-v2, light-v2 (torchvision)."
    )
    harden: str | None = option(
        None,
        "Against corruptions: augmix (mix each frame with chains of operations), pixmix (with generated fractals) or "
        "corruptions (corrupt frames by --train-corruption).",
        choices=HARDENING,
        shown_default="none of them",
    )
    hold_out: str | tuple[str, ...] = option(
        (),
        "Corruptions that must not be trained on: a category, or names separated by commas; --harden corruptions "
        "trains on the others.",
        shown_default="none",
    )
    weighting: str = option(
        "equal",
        "Multi-task method: equal, moco, aligned_mtl, stch, db_mtl or torchjd:NAME; options follow as in "
        "moco@beta=0.9,rho=0.1.",
    )
    task_weights: Mapping[str, float] = option(
        (),
        "Factor of a task's loss as TASK=NUMBER; repeatable.",
        "--task-weight",
        multiple=True,
        parse=parse_task_weights,
        shown_default="those of the tasks",
    )
    dice_weight: float = option(0.0, "Factor of an additional soft Dice loss of the masks.", type="float")
    class_weights: ClassWeights = option(
        "sqrt",
        "Weights of the mask labels: sqrt (1 / sqrt of the pixel fraction) or none.",
        choices=get_args(ClassWeights),
    )
    grad_clip: float = option(1.0, "Maximum gradient norm; 0 = unlimited.", type="float")
    precision: Precision = option(
        "32-true", "32-true, bf16-mixed, 16-mixed (GPU only) or bf16-true.", choices=get_args(Precision)
    )
    grad_accum: int = option(1, "Micro-batches per step, to save memory.", type="int")
    patience: int = option(0, "Stop after this many epochs without a better validation; 0 = never.", type="int")
    activation_checkpointing: bool = option(
        False, "Recompute activations in the backward pass: less memory, slower.", type="bool"
    )
    corruptions: str | tuple[str, ...] = option(
        (),
        "Corruptions of --harden corruptions: all, a category, or names separated by commas.",
        "--train-corruption",
        shown_default="all that are not held out",
    )
    corruption_prob: float = option(0.5, "Probability that --harden corruptions corrupts a frame.", type="float")
    device: str = option("auto", "auto, cpu, cuda, cuda:1, ...")
    devices: int = option(1, "Devices of that kind on each node.", type="int")
    nodes: int = option(1, "Machines, as started by torchrun or Slurm.", type="int")
    workers: int | None = option(
        None, "Threads that prepare batches.", type="int", shown_default="1; on a GPU half the cores, at most 8"
    )
    loggers: tuple[str, ...] = option(
        ("tensorboard",),
        f"Loggers separated by commas: {', '.join(LOGGERS)}; or none.",
        "--logger",
        parse=parse_loggers,
        shown_default="tensorboard",
    )
    out: Path = option(
        Path("runs/train"), "Checkpoint folder; an interrupted training is resumed.", "--out", "-o", type="path"
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "task_weights", parse_task_weights(self.task_weights))
        for name in ("epochs", "batch_size", "grad_accum", "devices", "nodes", "workers", "seeds"):
            self._require(name, getattr(self, name) is None or getattr(self, name) >= 1, ">= 1")
        for name in ("dice_weight", "grad_clip", "patience"):
            self._require(name, 0 <= getattr(self, name) < math.inf, ">= 0 and finite")
        self._require("learning_rate", 0 < self.learning_rate < math.inf, "> 0 and finite")
        self._require("corruption_prob", 0 <= self.corruption_prob <= 1, "from 0 to 1")
        for name in ("devices", "nodes", "workers"):
            self._require(name, (getattr(self, name) or 1) <= MAX_DEVICES, f"<= {MAX_DEVICES}")
        self._require("seeds", self.seeds <= MAX_SEEDS, f"<= {MAX_SEEDS}")
        self._require("seed", 0 <= self.seed <= MAX_SEED, f"from 0 to {MAX_SEED}")
        self._require("grad_accum", self.grad_accum <= self.batch_size, f"<= batch_size ({self.batch_size})")
        for name, choices in (("schedule", Schedule), ("class_weights", ClassWeights), ("precision", Precision)):
            if getattr(self, name) not in get_args(choices):
                raise unknown_name(name.replace("_", " "), getattr(self, name), get_args(choices))
        logger_names(self.loggers)
        if self.select_by not in selection_metrics():
            raise unknown_name("validation metric", self.select_by, selection_metrics())
        self._check_hardening()
        if isinstance(self.validation, (int, float)) and not 0 < self.validation < 1:
            raise TrainingError(
                "Expected a validation fraction between 0 and 1 or the name of a split, got "
                f"{self.validation}: change --validation."
            )

    def _check_hardening(self) -> None:
        """A method that exists, with corruptions only where they are applied."""
        if self.harden is not None and self.harden not in HARDENING:
            raise unknown_name("hardening", self.harden, HARDENING)
        if self.corruptions and self.harden != "corruptions":
            raise TrainingError(
                f"Expected corruptions to train on only with harden='corruptions', got {self.harden!r}: add --harden "
                "corruptions, or leave --train-corruption out."
            )
        if self.harden == "corruptions" and not self.corruption_prob:
            raise TrainingError(
                f"Expected a corruption_prob above 0 to train on {', '.join(self.corruption_names) or 'corruptions'}, "
                "got 0: leave --harden corruptions out, or raise it."
            )

    @property
    def corruption_names(self) -> tuple[str, ...]:
        """The corruptions or categories to train on, as a tuple."""
        return split_names(self.corruptions) if isinstance(self.corruptions, str) else tuple(self.corruptions)

    def _require(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise TrainingError(f"Expected {name} {expected}, got {getattr(self, name)}: change it.")

    def recorded_settings(self) -> dict[str, Any]:
        """Name -> value of the settings that determine the weights, besides model and data."""
        return {name: value for name, value in to_values(self).items() if name not in _NOT_RECORDED}


_ENDOARSS: dict[str, Any] = {
    "epochs": 200,
    "batch_size": 16,
    "augment": "none",
    "schedule": "constant",
    "weighting": "db_mtl",
    "task_weights": {"segmentation": 1.0, "activity": 1.0},
    "class_weights": "none",
    "grad_clip": 0.0,
}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "mtlesd": {**_ENDOARSS, "learning_rate": 1e-4},
    "mtlendovis": {**_ENDOARSS, "learning_rate": 1e-3},
}
"""Settings of EndoARSS (arXiv 2506.06830) by data set: Adam, cross-entropy for all tasks, DB-MTL."""


def preset(name: str) -> TrainConfig:
    """The configuration of a preset.

    Raises:
        UnknownNameError: no such preset.
    """
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    return TrainConfig(**PRESETS[name])
