"""Options for intervals and thresholds, and how their text is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Bootstrap

F = TypeVar("F", bound=Callable[..., Any])


def bootstrap_options(command: F) -> F:
    """``--resamples --resample-by --level --resample-seed``; :func:`settings` reads them."""
    for option in (
        click.option("--resample-seed", "seed", default=0, type=int, help="Seed of the resampling."),
        click.option("--level", default=0.95, type=float, help="Share of intervals that shall cover the truth."),
        click.option(
            "--resample-by",
            "unit",
            default="auto",
            help="group (patient or sequence), frame, or auto: groups where there are enough, else frames, said so.",
        ),
        click.option("--resamples", default=10_000, type=int, help="Bootstrap resamples."),
    ):
        command = option(command)
    return command


def settings(resamples: int, unit: str, level: float, seed: int) -> Bootstrap:
    """Bootstrap settings from options.

    Raises:
        RobustEndoError: a setting outside its range.
    """
    return Bootstrap(resamples, level, seed, unit)  # type: ignore[arg-type]  # a wrong unit is refused in words


def thresholds(texts: Sequence[str]) -> dict[str, float]:
    """``dice=0.8`` and so on as metric -> threshold.

    Raises:
        RobustEndoError: a text of another form.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise RobustEndoError(
                f"Expected a threshold such as dice=0.8, found {text!r}: write metric=number."
            ) from error
    return found
