"""The options of a model spec: `key=value` pairs that set fields of dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from robustbench_endo.errors import ModelError, unknown_name

YES, NO = ("yes", "true", "1"), ("no", "false", "0")


def set_options(kinds: tuple[type, ...], options: Mapping[str, str]) -> list[Any]:
    """One instance of every dataclass in ``kinds``, each with the options that are fields of it.

    Raises:
        UnknownNameError: an option that is a field of none of them; names the closest matches.
        ModelError: a value that is not of the field's type.
    """
    known = [name for kind in kinds for name in option_names(kind)]
    for key in options:
        if key not in known:
            raise unknown_name("model option", key, known)
    return [_instance(kind, options) for kind in kinds]


def option_names(kind: type) -> list[str]:
    """The fields of a dataclass that a spec string may set."""
    return [field.name for field in fields(kind) if field.metadata.get("option", True)]


def _instance(kind: type, options: Mapping[str, str]) -> Any:
    hints = get_type_hints(kind)
    names = [name for name in option_names(kind) if name in options]
    return kind(**{name: _value(name, hints[name], options[name]) for name in names})


def _value(name: str, hint: Any, text: str) -> int | float | str | tuple[int, ...]:
    if get_origin(hint) is Literal:
        return _choice(name, get_args(hint), text)
    if hint is bool:
        return _choice(name, (*YES, *NO), text) in YES
    try:
        if hint is int or hint is float:
            number: int | float = hint(text)
            return number
        return () if name == "input_size" and text == "any" else tuple(int(part) for part in text.split("x"))
    except ValueError as error:
        expected = {int: "a whole number", float: "a number"}.get(hint, "whole numbers joined by x")
        raise ModelError(f"Expected {expected} for the model option {name}, got {text!r}: change it.") from error


def _choice(name: str, choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        raise ModelError(f"Expected one of {', '.join(choices)} for the model option {name}, got {text!r}.")
    return text
