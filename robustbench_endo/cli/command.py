"""Commands whose help has groups of options and examples, and whose wrong values are errors of one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from robustbench_endo.cli.completion import complete_value

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS, CONFIGURATION, OTHER = "Options", "Configuration file", "Other"
"""Groups that several commands have; the last one is always at the end."""


class Option(click.Option):
    """An option with a group in the help.

    Args:
        args, kwargs: as for :class:`click.Option`.
        group: heading of the help under which it is listed.
        only_positive: whether the help leaves out the form --no-... of a flag that is off by default.
    """

    def __init__(self, *args: Any, group: str = OPTIONS, only_positive: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        self.only_positive = only_positive

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert and check the value."""
        return _process(self, super().process_value, ctx, value)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completions of the value."""
        return complete_value(self, incomplete) or super().shell_complete(ctx, incomplete)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The forms of the option, and its help."""
        if not self.only_positive:
            return super().get_help_record(ctx)
        secondary, self.secondary_opts = self.secondary_opts, []
        try:
            return super().get_help_record(ctx)
        finally:
            self.secondary_opts = secondary


class Argument(click.Argument):
    """An argument whose wrong values are errors of one sentence, and which a shell completes."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert and check the value."""
        return _process(self, super().process_value, ctx, value)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completions of the value."""
        return complete_value(self, incomplete) or super().shell_complete(ctx, incomplete)


class Command(click.Command):
    """A command whose help has one section per group of options, and its epilog as examples."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; every error has the context, for its sentence."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = None if isinstance(parameter, click.Argument) else parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", OTHER), []).append(record)
        others = groups.pop(OTHER, [])
        if set(groups) <= {OPTIONS}:
            groups = {OPTIONS: [*groups.get(OPTIONS, []), *others]}
        else:
            groups[OTHER] = others
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, one per line."""
        if self.epilog:
            with formatter.section("Examples"):
                for line in examples_of(self):
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def examples_of(command: click.Command) -> list[str]:
    """The examples in the help of a command."""
    return [line for line in (command.epilog or "").splitlines() if line.startswith("robust-endo ")]


def command(
    name: str | None = None, *, short: str, examples: Sequence[str] = (), **settings: Any
) -> Callable[[Callable[..., Any]], Command]:
    """A decorator that makes a command.

    Args:
        name: by default that of the function.
        short: help in the list of commands, at most 57 characters.
        examples: command lines, each at most 76 characters.
        settings: of :class:`click.Command`.
    """
    # The first line keeps click and sphinx-click from filling the lines.
    epilog = "\n".join(["\b", *examples]) if examples else None
    return click.command(name, cls=Command, short_help=short, epilog=epilog, **settings)


def option(*flags: str, group: str = OPTIONS, **settings: Any) -> Callable[[Function], Function]:
    """A decorator that adds an :class:`Option`."""
    return click.option(*flags, cls=Option, group=group, **settings)


def argument(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """A decorator that adds an :class:`Argument`."""
    return click.argument(*names, cls=Argument, **settings)


output_option = partial(option, "--out", "-o", group="Output")


def _process(
    parameter: click.Parameter, process: Callable[[click.Context, Any], Any], ctx: click.Context, value: Any
) -> Any:
    try:
        return process(ctx, value)
    except click.MissingParameter:
        raise
    except click.BadParameter as error:
        if error.message.startswith("Expected "):
            raise
        raise click.BadParameter(_bad_value(parameter, value, ctx, error.message), ctx, parameter) from error


def _bad_value(parameter: click.Parameter, value: Any, ctx: click.Context, message: str) -> str:
    """What was expected of a parameter, and what was given."""
    values = value if isinstance(value, (list, tuple)) else [value]
    wrong = next((each for each in values if not _converts(parameter, each, ctx)), value)
    name = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.make_metavar(ctx).strip("[].")
    if isinstance(parameter.type, click.Choice):
        choices = [str(choice) for choice in parameter.type.choices]
        close = get_close_matches(str(wrong), choices, n=1)
        step = f"did you mean {close[0]}?" if close else "choose one of them."
        return f"Expected {name} to be one of {', '.join(choices)}, got {wrong!r}: {step}"
    if (expected := _number(parameter.type)) is not None:
        return f"Expected {name} to be {expected}, got {wrong!r}: correct the number."
    if isinstance(parameter.type, click.Path):
        kind = "a folder" if parameter.type.dir_okay else "a file"
        return f"Expected {name} to be {kind}, got {wrong!r}: {message.rstrip('.')}, so choose another path."
    return f"Expected another value of {name}, got {wrong!r}: {message}"


def _converts(parameter: click.Parameter, value: Any, ctx: click.Context) -> bool:
    try:
        parameter.type.convert(value, parameter, ctx)
    except (click.BadParameter, TypeError):
        return False
    return True


def _number(kind: click.ParamType[Any]) -> str | None:
    """``an integer from 1 to 20``; None for other types."""
    if isinstance(kind, click.types.IntParamType):
        text = "an integer"
    elif isinstance(kind, click.types.FloatParamType):
        text = "a number"
    else:
        return None
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is not None and high is not None:
        return f"{text} from {low} to {high}"
    if low is not None:
        return f"{text} {'above' if getattr(kind, 'min_open', False) else 'of at least'} {low}"
    return text
