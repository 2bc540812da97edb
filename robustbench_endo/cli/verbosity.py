"""``--quiet`` and ``--verbose``: what a command prints besides its results, and its log messages on standard error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from robustbench_endo.cli.command import option

Command = TypeVar("Command", bound=Callable[..., Any])

PACKAGE = "robustbench_endo"
"""Logger of this package: its messages of level INFO are notes, those of level DEBUG need --verbose."""

_KEY = f"{PACKAGE}.verbosity"


def verbosity_options(command: Command) -> Command:
    """``--quiet`` and ``--verbose``, which the command does not receive: :func:`is_quiet` and others tell them."""

    def set_level(level: int) -> Callable[[click.Context, click.Parameter, bool], None]:
        def callback(context: click.Context, parameter: click.Parameter, value: bool) -> None:
            if value and _level(context):
                raise click.UsageError("Expected either --quiet or --verbose, got both: leave one of them out.")
            if value:
                context.meta[_KEY] = level

        return callback

    for flags, level, text in (
        (("--verbose", "-v"), 1, "Also print finished chunks and timings."),
        (("--quiet", "-q"), -1, "Print no progress and no notes, only results, warnings and errors."),
    ):
        decorate = option(
            *flags, is_flag=True, expose_value=False, callback=set_level(level), help=text, group="Output"
        )
        command = decorate(command)
    return command


def is_quiet() -> bool:
    """Whether the running command has --quiet."""
    return _level(click.get_current_context(silent=True)) < 0


def is_verbose() -> bool:
    """Whether the running command has --verbose."""
    return _level(click.get_current_context(silent=True)) > 0


def echo_note(text: str) -> None:
    """Print a note on standard error; nothing with --quiet."""
    if not is_quiet():
        click.echo(text, err=True)


@contextmanager
def console_log() -> Iterator[None]:
    """Print log messages on standard error: notes of this package, and warnings of all."""
    handler = _ConsoleHandler()
    package, root = logging.getLogger(PACKAGE), logging.getLogger()
    before = package.level
    package.setLevel(logging.DEBUG)
    handler.setLevel(logging.WARNING if is_quiet() else logging.DEBUG if is_verbose() else logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        package.setLevel(before)


class _ConsoleHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print a message as a plain line, above the progress bar where there is one."""
        if record.levelno < logging.WARNING and not record.name.startswith(PACKAGE):
            return
        click.echo(record.getMessage(), err=True)


def _level(context: click.Context | None) -> int:
    return 0 if context is None else int(context.meta.get(_KEY, 0))
