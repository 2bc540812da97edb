"""Configurations: dataclasses whose fields are the options of a command, with their help texts, and TOML files of them.

A field made by :func:`option` is at once the attribute of the configuration, the option of the command line, the key
in a configuration file and in ``run.json``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from robustbench_endo.errors import RobustEndoError, unknown_name
from robustbench_endo.io_utils import read_toml

Config = TypeVar("Config")

_OPTION = "option"
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str,),
    "path": (str,),
}


@dataclasses.dataclass(frozen=True)
class OptionInfo:
    """How a field of a configuration is given on the command line.

    Attributes:
        help: one plain sentence.
        flags: of the command line; by default the name with dashes.
        parse: text of the command line -> value; None takes the value as click's type gives it.
        type: ``str``, ``int``, ``float``, ``bool`` or ``path``.
        choices: the only values, if there are any.
        minimum: smallest number.
        multiple: whether the option can be repeated.
        shown_default: text of the default in the help, where the value does not say it.
    """

    help: str
    flags: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None
    type: str = "str"
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    multiple: bool = False
    shown_default: str = ""


def option(default: Any, text: str, *flags: str, **details: Any) -> Any:
    """A field of a configuration; ``text`` is the help, see :class:`OptionInfo` for the details."""
    return dataclasses.field(default=default, metadata={_OPTION: OptionInfo(text, flags, **details)})


def options_of(config: type[Any]) -> dict[str, tuple[dataclasses.Field[Any], OptionInfo]]:
    """Name -> field and option, in the order of the fields."""
    fields = dataclasses.fields(config)
    return {field.name: (field, field.metadata[_OPTION]) for field in fields if _OPTION in field.metadata}


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise RobustEndoError unless a value is one of the choices."""
    if value not in choices:
        raise RobustEndoError(f"Expected {name} to be one of {', '.join(choices)}, got {value!r}: choose one of them.")


def from_values(config: type[Config], values: Mapping[str, Any], source: str) -> Config:
    """A configuration from names and values, such as those of a file.

    Args:
        config: the dataclass.
        values: option -> value; options that are missing keep their default.
        source: where the values come from, for messages.

    Raises:
        UnknownNameError: a key that is no option.
        RobustEndoError: a value that the option does not take.
    """
    known = options_of(config)
    converted = {}
    for key, value in values.items():
        if key not in known:
            raise unknown_name(f"setting in {source}", key, known)
        converted[key] = _convert(key, value, known[key][1], source)
    return config(**converted)


def read_config(config: type[Config], path: Path, table: str) -> dict[str, Any]:
    """The options that a TOML file sets, checked against a configuration.

    Args:
        config: the dataclass.
        path: of the file.
        table: name of the command's table, such as ``evaluate``.

    Raises:
        RobustEndoError: no such file, no TOML, the configuration of another command, or a wrong value.
        UnknownNameError: an unknown key.
    """
    content = read_toml(path)
    others = [name for name in content if name != table]
    if table not in content:
        got = f"the table [{others[0]}]" if others else "an empty file"
        raise RobustEndoError(
            f"Expected a table [{table}] in {path}, got {got}: give a file that robust-endo {table} --print-config "
            "printed."
        )
    if others:
        raise RobustEndoError(f"Expected only a table [{table}] in {path}, got [{others[0]}], too: remove it.")
    values: dict[str, Any] = content[table]
    from_values(config, values, str(path))
    known = options_of(config)
    return {key: _convert(key, value, known[key][1], str(path)) for key, value in values.items()}


def to_toml(config: Any, table: str) -> str:
    """A configuration as TOML; options that are None are left out.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Small:
    ...     seed: int = option(0, "Random seed.")
    >>> print(to_toml(Small(seed=3), "evaluate"), end="")
    [evaluate]
    seed = 3
    """
    import tomli_w

    return tomli_w.dumps({table: {key: value for key, value in to_values(config).items() if value is not None}})


def to_values(config: Any) -> dict[str, Any]:
    """Option -> value as plain numbers, texts and lists, as in a TOML file and in ``run.json``."""
    return {name: _plain(getattr(config, name)) for name in options_of(type(config))}


def _convert(key: str, value: Any, info: OptionInfo, source: str) -> Any:
    """A value of a file as the configuration takes it: lists become tuples, texts are parsed as on the command line."""
    if isinstance(value, str) and info.parse is not None:
        return info.parse(value)
    if isinstance(value, list):
        return tuple(value)
    if info.multiple and isinstance(value, str):
        return (value,)
    expected = _TYPES[info.type]
    # A bool is an int in Python, but not in a configuration.
    wrong_bool = isinstance(value, bool) and info.type in ("int", "float")
    if info.parse is None and (not isinstance(value, expected) or wrong_bool):
        raise RobustEndoError(
            f"Expected {key} in {source} to be of type {info.type}, got {value!r}: correct the value."
        )
    return Path(value) if info.type == "path" else value


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
