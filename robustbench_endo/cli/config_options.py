"""Options of a command from the fields of a configuration, with ``--config FILE`` and ``--print-config``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from robustbench_endo.cli.command import CONFIGURATION, option
from robustbench_endo.cli.option_groups import METAVARS, group_of
from robustbench_endo.config import OptionInfo, options_of, read_config, to_toml
from robustbench_endo.errors import RobustEndoError, unknown_name

Command = TypeVar("Command", bound=Callable[..., Any])

_TYPES: dict[str, Any] = {"str": str, "int": int, "float": float, "path": click.Path(path_type=Path)}


def config_options(
    config: type[Any], table: str, presets: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: the command takes an option per field and receives the configuration as its first argument.

    A value on the command line replaces that of the file, which replaces the default.

    Args:
        config: a dataclass whose fields are made by :func:`robustbench_endo.config.option`.
        table: of the command in configuration files.
        presets: name -> values for ``--preset``, which further options replace.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def command(config_file: Path | None, print_config: bool, **params: Any) -> Any:
            values = _preset_values(params.pop("preset"), presets, config_file) if presets else {}
            values |= read_config(config, config_file, table) if config_file else {}
            values |= _take_given(config, params)
            settings = config(**values)
            if print_config:
                click.echo(to_toml(settings, table), nl=False)
                return None
            return function(settings, **params)

        text = "Print the configuration as TOML and exit."
        command = option("--print-config", is_flag=True, help=text, group=CONFIGURATION)(command)
        text = "TOML file with options, as --print-config prints it; further options replace its values."
        path = click.Path(path_type=Path)
        command = option("--config", "config_file", type=path, metavar="FILE", help=text, group=CONFIGURATION)(command)
        if presets:
            text = "Settings to start from; further options replace them."
            command = option("--preset", type=click.Choice(list(presets)), help=text, group=CONFIGURATION)(command)
        return field_options(config)(command)

    return decorate


def _preset_values(
    name: str | None, presets: Mapping[str, Mapping[str, Any]], config_file: Path | None
) -> dict[str, Any]:
    if name is None:
        return {}
    if config_file is not None:
        raise RobustEndoError(
            f"Expected either --preset or --config, got both ({name}, {config_file}): leave one of them out."
        )
    if name not in presets:
        raise unknown_name("preset", name, presets)
    return dict(presets[name])


def field_options(config: type[Any], names: Sequence[str] | None = None) -> Callable[[Command], Command]:
    """A decorator that adds the options of some fields, in order; all for None."""

    def decorate(command: Command) -> Command:
        fields = options_of(config)
        for name in reversed(list(fields if names is None else names)):
            command = _click_option(config, name, *fields[name])(command)
        return command

    return decorate


def config_from_params(config: type[Any], params: dict[str, Any]) -> Any:
    """A configuration from the options of :func:`field_options`, which are removed from ``params``."""
    return config(**_take_given(config, params))


def _take_given(config: type[Any], params: dict[str, Any]) -> dict[str, Any]:
    """Values of the options that are on the command line, parsed; all options are removed from ``params``."""
    context, values = click.get_current_context(), {}
    for name, (_, info) in options_of(config).items():
        if name not in params:
            continue
        value = params.pop(name)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            values[name] = value if info.parse is None else _parse(name, info, value)
    return values


def _parse(name: str, info: OptionInfo, value: Any) -> Any:
    """A value as its option takes it; an error names the option."""
    assert info.parse is not None
    try:
        return info.parse(value)
    except RobustEndoError as error:
        flag, text = _flags(name, info)[0], str(error)
        if flag in text:
            raise
        raise type(error)(text.replace(", got", f" for {flag}, got", 1)) from error


def _flags(name: str, info: OptionInfo) -> tuple[str, ...]:
    return info.flags or (f"--{name.replace('_', '-')}",)


def _click_option(config: type[Any], name: str, field: Field[Any], info: OptionInfo) -> Callable[[Command], Command]:
    flags = _flags(name, info)
    default = field.default
    details: dict[str, Any]
    if info.type == "bool":
        flags = (f"{flags[0]}/--no-{flags[0].removeprefix('--')}", *flags[1:])
        details = {"default": None, "only_positive": default is False}
    else:
        kind = click.IntRange(info.minimum) if info.minimum is not None else _TYPES[info.type]
        details = {"type": kind, "multiple": info.multiple, "default": () if info.multiple else None}
        details |= {"type": click.Choice(info.choices)} if info.choices else {"metavar": METAVARS.get(name)}
    text = info.shown_default or ("" if default is None or default is MISSING or default == () else str(default))
    help_text = f"{info.help}  [default: {text}]" if text and info.type != "bool" else info.help
    return option(*flags, name, help=help_text, group=group_of(config, name), **details)
