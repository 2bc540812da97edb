"""Errors as one sentence, unknown commands with their closest match."""

from __future__ import annotations

import difflib
import sys
from typing import Any

import click

from robustbench_endo.errors import RobustEndoError

INTERRUPTED = 130

FRAMES_LOST = 3
"""Exit code of a run that is complete but for frames that could not be used."""

FOUND = 3
"""Exit code of a look over a data set that found problems."""


class ErrorHandlingGroup(click.Group):
    """A click group whose errors are one sentence and exit code 2, unless ``--debug``."""

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
        """Find the command, or name the closest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(self.list_commands(ctx))}."
            raise click.UsageError(f"Expected a command, got {args[0]!r}: {hint}", ctx) from error
