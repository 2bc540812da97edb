"""Exit codes, and errors as one sentence, with the closest match of an unknown command or option."""

from __future__ import annotations

import difflib
import errno
import io
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from unicodedata import category

import click

from robustbench_endo import interruption
from robustbench_endo.errors import RobustEndoError

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes of SIGINT and SIGTERM."""

ERROR = 2
"""Exit code of an error that is printed in one sentence."""

FRAMES_FAILED = 3
"""Exit code of a run that is complete except for frames that could not be used."""

PROBLEMS = 3
"""Exit code of a dataset validation with errors."""

VERIFICATION_FAILED = 1
"""Exit code of a run that breaks a check."""

GATE_EXIT_CODES: Mapping[str, int] = {"pass": 0, "fail": 4, "undecided": 5}
"""Verdict of a gate -> exit code."""

EXIT_CODES: Mapping[str, str] = {
    "0": "done",
    f"{VERIFICATION_FAILED}": "verify, evidence --check: a check failed",
    f"{ERROR}": "invalid input or a failed action; the message names the next step",
    f"{FRAMES_FAILED}": "done, but frames could not be used (evaluate, merge, corrupt), cells failed (reproduce) or "
    "the data set has errors (datasets check)",
    f"{GATE_EXIT_CODES['fail']}": "gate: a criterion fails",
    f"{GATE_EXIT_CODES['undecided']}": "gate: a criterion is undecided, none fails",
    f"{INTERRUPTED}, {TERMINATED}": "interrupted (Ctrl-C) or terminated; the message says what to run again",
}
"""Exit code -> meaning."""

_LOG_FILE = "robust_endo_log_file"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_MAX_LENGTH = 2000


class ErrorHandlingGroup(click.Group):
    """A click group that prints an error as one sentence and exits with code 2, unless ``--debug``.

    Attributes:
        arguments: of the command line.
    """

    arguments: Sequence[str] = ()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes; those of a group within another one are in its help."""
        if ctx.parent is None:
            with formatter.section("Exit codes"):
                formatter.write_dl(list(EXIT_CODES.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        arguments = args[0] if args else kwargs.get("args")
        self.arguments = tuple(sys.argv[1:] if arguments is None else arguments)
        debug = "--debug" in self.arguments
        interruption.forget_folder()
        try:
            _check_arguments(self.arguments)
            result = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            click.echo(f"Error: {_printable(_shorten(usage_sentence(error)))}", err=True)
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
    log_file: Path | None = getattr(error, _LOG_FILE, None)
    step = "Re-run with robust-endo --debug for the traceback and report it."
    if log_file is not None:
        step = f"Report it with the traceback, which is at the end of {log_file}."
    return f"Unexpected error: {type(error).__name__}: {message}. {step}"


def is_unexpected(error: Exception) -> bool:
    """Whether no module has foreseen an error, so that its traceback is needed."""
    return not isinstance(error, (RobustEndoError, MemoryError, click.ClickException)) and not (
        isinstance(error, OSError) and bool(error.strerror)
    )


def set_log_file(error: Exception, file: Path) -> None:
    """Let the sentence of an unexpected error name the log with its traceback."""
    with suppress(AttributeError):  # of an exception without a dict
        setattr(error, _LOG_FILE, file)


def usage_sentence(error: click.ClickException) -> str:
    """What is wrong with the command line, in one sentence.

    >>> usage_sentence(click.NoSuchOption("--seed"))
    "Expected an option of robust-endo, got '--seed': see robust-endo --help."
    """
    context = getattr(error, "ctx", None)
    path = _command_path(context)
    see = f"see {path} --help."
    if isinstance(error, click.NoSuchOption):
        return f"Expected an option of {path}, got {error.option_name!r}: {_option_hint(error, context) or see}"
    if isinstance(error, click.MissingParameter):
        return f"Expected {_missing_name(error)}, got none: add it; {see}"
    if isinstance(error, click.BadOptionUsage):
        if "does not take" in error.message:
            return f"Expected no value after {error.option_name}, got one: leave it out."
        return f"Expected a value after {error.option_name}, got none: {see}"
    message = error.format_message() if not isinstance(error, click.UsageError) else error.message
    if message.startswith("Expected "):
        return message
    if message.startswith("Got unexpected extra"):
        values = message.partition("(")[2].rstrip(")")
        return f"Expected no further argument of {path}, got {values!r}: quote a name with blanks; {see}"
    return f"Expected a valid command line, got an error: {message.rstrip('.')}; {see}"


def _command_path(context: click.Context | None) -> str:
    """``robust-endo evaluate``, however the program is called."""
    words = [] if context is None else context.command_path.split()[1:]
    return " ".join(["robust-endo", *words])


def _missing_name(error: click.MissingParameter) -> str:
    parameter = error.param
    if isinstance(parameter, click.Option):
        return f"the option {parameter.opts[0]}"
    if parameter is None or error.ctx is None:
        return "another argument"
    return f"the argument {parameter.make_metavar(error.ctx).removesuffix('...')}"


def _option_hint(error: click.NoSuchOption, context: click.Context | None) -> str:
    """The closest option of the command, else the command that has the option; empty without either."""
    if context is None:
        return ""
    close = difflib.get_close_matches(error.option_name, _options(context.command), n=1, cutoff=0.7)
    if close:
        return f"did you mean {close[0]}?"
    root = context.find_root().command
    commands = root.commands if isinstance(root, click.Group) else {}
    having = [name for name, command in commands.items() if error.option_name in _options(command)]
    if not having:
        return ""
    return f"it is an option of robust-endo {' and '.join(having[:2])}; see {_command_path(context)} --help."


def _options(command: click.Command) -> list[str]:
    return [flag for each in command.params if isinstance(each, click.Option) for flag in each.opts]


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
