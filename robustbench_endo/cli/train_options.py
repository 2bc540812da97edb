"""Options of ``train`` that are settings of the run: those that are given replace the preset's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.training import Settings

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--preset", help="Hyper-parameters of the paper: mtlesd or mtlendovis; other options replace them."),
    click.option("--epochs", type=click.IntRange(1), help="Passes over the training frames.  [default: 100]"),
    click.option("--batch-size", type=click.IntRange(1), help="Frames a step, over all devices.  [default: 8]"),
    click.option("--learning-rate", "--lr", type=float, help="Of Adam.  [default: 0.002]"),
    click.option("--schedule", help="Of the learning rate: cosine or constant.  [default: cosine]"),
    click.option("--seed", type=int, help="Of initial weights, order and augmentation.  [default: 0]"),
    click.option("--augment", help="surgical, light, none, or a TOML file.  [default: surgical]"),
    click.option("--mix/--no-mix", default=None, help="Chained-augmentation mixing (AugMix).  [default: no-mix]"),
    click.option("--weighting", help="equal, moco, aligned_mtl, stch, db_mtl, torchjd:NAME.  [default: equal]"),
    click.option("--activity-weight", type=float, help="Of the activity's loss.  [default: 0.5]"),
    click.option("--dice-weight", type=float, help="Of a soft Dice loss.  [default: 0]"),
    click.option("--class-weights", help="Of the pixels' labels: sqrt or none.  [default: sqrt]"),
    click.option("--clip", type=float, help="Largest gradient norm, 0 = none.  [default: 1]"),
    click.option("--precision", help="32-true, bf16-mixed, 16-mixed or bf16-true.  [default: 32-true]"),
    click.option("--accumulate", type=click.IntRange(1), help="Parts that a batch is run in.  [default: 1]"),
    click.option("--patience", type=click.IntRange(0), help="Epochs without a better validation; 0 = all."),
    click.option("--activation-checkpointing/--no-activation-checkpointing", default=None, help="Less memory, slower."),
)


def setting_options(command: F) -> F:
    """The options; they arrive under the names of the fields of ``Settings``, None where they were not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(preset: str | None, corruptions: Sequence[str], given: dict[str, Any]) -> Settings:
    """The preset, or the defaults, with what was given on the command line.

    Raises:
        RobustEndoError: an unknown preset or a setting outside its range.
    """
    from robustbench_endo.training import Settings, presets

    base = presets.preset(preset) if preset else Settings()
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(base, corruptions=tuple(corruptions), **chosen)


def validation_of(text: str | None) -> float | str | None:
    """``--validation``: a share of the groups, the name of a split, or None.

    Raises:
        RobustEndoError: a number outside (0, 1).
    """
    if text is None or text == "none":
        return None
    try:
        share = float(text)
    except ValueError:
        return text
    if not 0 < share < 1:
        raise RobustEndoError(
            f"Expected a validation share between 0 and 1 or the name of a split, found {text}: change --validation."
        )
    return share
