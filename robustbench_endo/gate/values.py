"""Values of a plan: each reader returns a value of the right type or raises an error that names its position."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from robustbench_endo.errors import RobustEndoError, unknown_name
from robustbench_endo.results.severity import as_severity

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}")
_MAX_TEXT = 1000


def check_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise UnknownNameError for a key that is not known, with the closest one."""
    for key in table:
        if key not in known:
            raise unknown_name(f"key in {where}", key, known)


def as_text(value: Any, where: str) -> str:
    """A text of one line that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise RobustEndoError(f"Expected a text as {where}, got {value!r}: write it in quotation marks.")
    if len(value) > _MAX_TEXT or not value.isprintable():
        raise RobustEndoError(
            f"Expected one printable line of at most {_MAX_TEXT} characters as {where}, got {ascii(value)[:80]}: "
            "shorten it, and leave out control characters."
        )
    return value


def as_identifier(value: Any, where: str) -> str:
    """A name of letters, digits, ``_``, ``-`` and ``.``, which reports and test names contain."""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise RobustEndoError(
            f"Expected letters, digits, '_', '-' and '.' as {where}, got {ascii(value)[:80]}: write such as dice-smoke."
        )
    return value


def as_names(value: Any, where: str) -> tuple[str, ...]:
    """One or several different names."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values:
        raise RobustEndoError(f'Expected a name or a list of names as {where}, got {value!r}: write ["name"].')
    names = tuple(as_text(each, where) for each in values)
    if len(set(names)) < len(names):
        raise RobustEndoError(f"Expected different names as {where}, got {', '.join(names)}: leave out the repetition.")
    return names


def as_number(value: Any, where: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RobustEndoError(f"Expected a number as {where}, got {value!r}: write such as 0.8.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RobustEndoError(f"Expected a finite number as {where}, got {number}: write such as 0.8.")
    return number


def as_whole_number(value: Any, where: str, minimum: int) -> int:
    """A whole number of at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise RobustEndoError(
            f"Expected a whole number of at least {minimum} as {where}, got {value!r}: correct the number."
        )
    return value


def as_severities(value: Any, where: str) -> tuple[float, ...]:
    """Different severities from 1 to 5, ascending."""
    if not isinstance(value, list) or not value:
        raise RobustEndoError(f"Expected a list of severities as {where}, got {value!r}: write [1, 2, 3].")
    numbers = sorted(as_severity(as_number(each, where)) for each in value)
    if len(set(numbers)) < len(numbers) or not all(1 <= each <= 5 for each in numbers):
        raise RobustEndoError(f"Expected different severities from 1 to 5 as {where}, got {value!r}: write [1, 2, 3].")
    return tuple(numbers)


def as_choice(*choices: str) -> Callable[[Any, str], str]:
    """A reader of one of some words."""

    def read(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in choices:
            raise RobustEndoError(
                f"Expected {where} to be one of {', '.join(choices)}, got {value!r}: choose one of them."
            )
        return value

    return read
