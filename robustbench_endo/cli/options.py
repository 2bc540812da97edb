"""Options that several commands share and that no configuration has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from robustbench_endo.cli.command import option
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling

Command = TypeVar("Command", bound=Callable[..., Any])

REPORT_FORMATS = ("html", "pdf", "latex", "md", "csv", "figures")
"""As :data:`robustbench_endo.reports.write.FORMATS`, without importing the reports."""


def formats_option(command: Command) -> Command:
    """``--format``, the reports to write, as text."""
    text = f"Reports to write: {', '.join(REPORT_FORMATS)}, or none."
    return option("--format", "formats", metavar="NAME,...", default="html,pdf", help=text, group="Output")(command)


_REPLAY: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--replay",),
        {
            "metavar": "N",
            "type": click.IntRange(0, 1_000_000),
            "help": "Number of corrupted frames to compute again and to compare; needs the data of the run.",
        },
    ),
    (
        ("--model", "-m", "models"),
        {
            "metavar": "NAME=SPEC",
            "multiple": True,
            "help": "Model of the run whose predictions are computed again, too, or where it is now; repeatable.",
        },
    ),
    (
        ("--data", "-d"),
        {"metavar": "DATA", "help": "The data, if they have moved.  [default: those of the run]"},
    ),
    (
        ("--trust-model-file",),
        {"is_flag": True, "help": "Open model files that contain programs without vetting them."},
    ),
)
"""Flags and settings of the options of :func:`replay_options`, in the order of the help."""


def replay_options(default: int, group: str | None = None) -> Callable[[Command], Command]:
    """``--replay --model --data --trust-model-file``: frames and predictions of a run that are computed again.

    Args:
        default: of ``--replay``.
        group: of the options in the help.
    """

    def decorate(command: Command) -> Command:
        for flags, settings in reversed(_REPLAY):
            further: dict[str, Any] = {"group": group} if group else {}
            if flags == ("--replay",):
                further["default"] = default
            command = option(*flags, **settings, **further)(command)
        return command

    return decorate


def resampling_options(command: Command) -> Command:
    """``--bootstrap-unit --confidence --resamples --resample-seed``; :func:`resampling_from` reads them."""
    statistics = partial(option, group="Statistics")
    for decorate in (
        statistics(
            "--resample-seed",
            metavar="N",
            default=0,
            type=int,
            help="Random seed of the sign flips of the tests.",
        ),
        statistics(
            "--resamples",
            metavar="N",
            default=10_000,
            type=int,
            help="Random sign flips of a test of more than 14 subjects.",
        ),
        statistics("--confidence", metavar="X", default=0.95, type=float, help="Confidence level of the intervals."),
        statistics(
            "--bootstrap-unit",
            default="subject",
            type=click.Choice(("subject", "frame")),
            help="Unit of the intervals: subject (patient or sequence), or frame, which describes these frames only "
            "and has no p-values.",
        ),
    ):
        command = decorate(command)
    return command


def resampling_from(params: dict[str, Any]) -> Resampling:
    """The settings of :func:`resampling_options`, which are removed from ``params``.

    Raises:
        RobustEndoError: a setting outside its range.
    """
    from robustbench_endo.results import Resampling

    return Resampling(
        params.pop("resamples"), params.pop("confidence"), params.pop("resample_seed"), params.pop("bootstrap_unit")
    )


def parse_thresholds(texts: Sequence[str], example: str = "dice=0.8") -> dict[str, float]:
    """``name=number`` texts as a mapping.

    Raises:
        RobustEndoError: a text of another form.
    """
    thresholds: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            thresholds[name.strip()] = float(value)
        except ValueError as error:
            raise RobustEndoError(
                f"Expected a threshold such as {example}, got {text!r}: write name=number."
            ) from error
    return thresholds
