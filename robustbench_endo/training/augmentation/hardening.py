"""Hardening: AugMix, PixMix or corruptions in training, and which corruptions are held out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.augmentation.augmentation import Pipeline, available_pipeline, read_pipeline
from robustbench_endo.training.augmentation.corruption import CorruptionAugmentation, overlaps

if TYPE_CHECKING:
    from robustbench_endo.training.config import TrainConfig

SUITE = "endo19"
"""The suite whose corruptions are trained on and held out."""


@dataclass(frozen=True)
class Hardening:
    """What a training applies against corruptions.

    Attributes:
        pipeline: augmentation of frame and mask.
        corrupt: corruption augmentation, if any.
        trained_on: names of the corruptions that frames get or that a transform of the pipeline resembles, sorted.
        held_out: names of the corruptions that must not be trained on, in the order of the suite.
        config: the settings, with the corruptions of ``corrupt`` and the augmentation that can run here.
        notes: sentences for the user, where another augmentation takes over.
    """

    pipeline: Pipeline
    corrupt: Any
    trained_on: tuple[str, ...]
    held_out: tuple[str, ...]
    config: TrainConfig
    notes: tuple[str, ...] = ()


def plan_hardening(config: TrainConfig, corrupt: Any = None, before: Sequence[str] = ()) -> Hardening:
    """What the settings of a training apply.

    Args:
        config: of the training.
        corrupt: a corruption augmentation that replaces that of the settings; its attribute ``names`` says what it
            applies.
        before: corruptions that the initial weights were trained on, which count as trained on.

    Raises:
        TrainingError: a corruption that is held out and trained on, none that remains to train on, or an augmentation
            that contradicts the settings.
        UnknownNameError: a name of no corruption.

    >>> from robustbench_endo.training import TrainConfig
    >>> plan = plan_hardening(TrainConfig(harden="corruptions", hold_out="occlusion,blur,digital", augment="none"))
    >>> plan.trained_on
    ('gaussian_noise', 'impulse_noise', 'shot_noise', 'speckle_noise')
    """
    held_out = held_out_names(config)
    pipeline, note = available_pipeline(read_pipeline(config.augment))
    config = replace(config, augment=pipeline.name)
    corrupt, config = _corruption_augmentation(corrupt, config, held_out)
    trained = {*getattr(corrupt, "names", ()), *overlaps(pipeline), *before}
    if both := [name for name in held_out if name in trained]:
        raise TrainingError(
            f"Expected to hold out corruptions that are not trained on, got {', '.join(both)} in both: take them out "
            "of --hold-out, or out of the corruptions, the augmentation or the initial weights."
        )
    return Hardening(pipeline, corrupt, tuple(sorted(trained)), held_out, config, (note,) if note else ())


def held_out_names(config: TrainConfig) -> tuple[str, ...]:
    """The corruptions of ``config.hold_out``, categories replaced by their members."""
    if not config.hold_out:
        return ()
    from robustbench_endo.corruptions import load_suite

    return load_suite(SUITE).select(config.hold_out)


def inherited_corruptions(init_weights: str | Path | None) -> tuple[str, ...]:
    """The corruptions that a checkpoint folder was trained on; none for other initial weights."""
    card = Path(init_weights or "") / "model.json"
    if init_weights is None or not card.is_file():
        return ()
    try:
        return tuple(map(str, json.loads(card.read_text("utf-8"))["training"].get("trained_on") or ()))
    except (ValueError, LookupError, AttributeError, TypeError):
        return ()  # the checkpoint is checked where it is loaded


def _corruption_augmentation(corrupt: Any, config: TrainConfig, held_out: Sequence[str]) -> tuple[Any, TrainConfig]:
    """The corruption augmentation, and the settings with its corruptions."""
    if corrupt is None:
        if config.harden != "corruptions":
            return None, config
        selected = _names(config, held_out)
        return CorruptionAugmentation(selected, config.corruption_prob, suite=SUITE, seed=config.seed), config
    names = getattr(corrupt, "names", None)
    if names is None:
        raise TrainingError(
            "Expected a corruption augmentation with the attribute `names`, the corruptions that it applies, got one "
            "without: use CorruptionAugmentation, or set the attribute."
        )
    if config.corruptions and set(config.corruption_names) != set(names):
        raise TrainingError(
            f"Expected the corruptions that the augmentation applies ({', '.join(names) or 'none'}) in the settings, "
            f"got {', '.join(config.corruption_names)}: leave TrainConfig.corruptions out."
        )
    return corrupt, replace(config, corruptions=tuple(names), harden="corruptions")


def _names(config: TrainConfig, held_out: Sequence[str]) -> tuple[str, ...]:
    """Corruptions to train on: those that the settings name, or all that are not held out."""
    if config.corruptions:
        return config.corruption_names
    from robustbench_endo.corruptions import load_suite

    names = tuple(name for name in load_suite(SUITE).select("all") if name not in held_out)
    if not names:
        raise TrainingError("Expected a corruption to train on, got all of them held out: hold out fewer.")
    return names
