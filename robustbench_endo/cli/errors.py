"""Exit codes, errors as one sentence, and unknown commands with their closest match."""

from __future__ import annotations

import difflib
import errno
import io
import sys
from collections.abc import Sequence
from typing import Any
from unicodedata import category

import click

from robustbench_endo import interruption
from robustbench_endo.errors import RobustEndoError

INTERRUPTED = 130

ERROR = 2
"""Exit code of an error that is printed in one sentence."""

FRAMES_FAILED = 3
"""Exit code of a run that is complete except for frames that could not be used."""

PROBLEMS = 3
"""Exit code of a dataset validation with errors."""

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MAX_LENGTH = 2000


class ErrorHandlingGroup(click.Group):
    """A click group that prints an error as one sentence and exits with code 2, unless ``--debug``."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        arguments = args[0] if args else kwargs.get("args")
        debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
        interruption.forget_folder()
        try:
            _check_arguments(sys.argv[1:] if arguments is None else arguments)
            result = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            click.echo(interruption.interruption_message(), err=True)
            sys.exit(INTERRUPTED)
        except Exception as error:
            if debug or interruption.received():
                raise
            click.echo(f"Error: {_printable(error_sentence(error))}", err=True)
            sys.exit(ERROR)
        sys.exit(result if isinstance(result, int) else 0)

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


def error_sentence(error: Exception) -> str:
    """What is printed for an error: its message, or for one that no module has foreseen a sentence that names it.

    >>> error_sentence(FileNotFoundError(2, "No such file or directory", "a.png"))
    'Cannot access a.png: No such file or directory. Check the path and its permissions.'
    """
    if isinstance(error, RobustEndoError):
        return _shorten(str(error))
    if isinstance(error, MemoryError):
        return "Out of memory. Use a smaller --resolution or --batch-size, fewer models at a time, or --workers 1."
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        file = f" {error.filename}" if error.filename else ""
        return f"Cannot write{file}: {error.strerror}. Free some space and re-run the same command."
    if isinstance(error, OSError) and error.strerror:
        file = error.filename or "a file"
        return _shorten(f"Cannot access {file}: {error.strerror}. Check the path and its permissions.")
    message = _shorten(" ".join(str(error).split()).rstrip("."))
    return (
        f"Unexpected error: {type(error).__name__}: {message}. Re-run with robust-endo --debug for the traceback and "
        "report it."
    )


def _check_arguments(arguments: Sequence[str]) -> None:
    """Raise RobustEndoError for text that neither a file system nor a report can store."""
    for text in arguments:
        if "\0" in text or (not text.isascii() and text.encode("utf-8", "replace").decode() != text):
            raise RobustEndoError(
                f"Expected arguments in UTF-8 without null characters, got {_shorten(ascii(text))}: rename the file or "
                "folder."
            )


def _printable(text: str) -> str:
    """A text in which control characters of names and files, which a terminal would obey, are escapes."""
    return "".join(ascii(each)[1:-1] if category(each) in ("Cc", "Cs", "Zl", "Zp") else each for each in text)


def _shorten(text: str) -> str:
    """A text without its middle, where a value makes it longer than anybody reads."""
    half = _MAX_LENGTH // 2
    return text if len(text) <= _MAX_LENGTH else f"{text[:half]} ... {text[-half:]}"


def print_any_character() -> None:
    """Write characters that the encoding of the terminal lacks as escapes, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
