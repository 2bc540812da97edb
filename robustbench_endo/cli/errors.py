"""Exit codes, errors as one sentence, and unknown commands with their closest match."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from robustbench_endo.errors import RobustEndoError

INTERRUPTED = 130

FRAMES_FAILED = 3
"""Exit code of a run that is complete except for frames that could not be used."""

PROBLEMS = 3
"""Exit code of a dataset validation with errors."""


class ErrorHandlingGroup(click.Group):
    """A click group that prints an error as one sentence and exits with code 2, unless ``--debug``."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        arguments = args[0] if args else kwargs.get("args")
        debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
        try:
            return super().main(*args, **kwargs)
        except RobustEndoError as error:
            if debug:
                raise
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or an error with the closest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(self.list_commands(ctx))}."
            raise click.UsageError(f"Expected a command, got {args[0]!r}: {hint}", ctx) from error


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """Inside, an interruption is reported with the way to resume."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Interrupted: finished work is saved in {out}; re-run the same command to resume.", err=True)
        sys.exit(INTERRUPTED)
