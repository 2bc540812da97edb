"""Suites as data: TOML files that name a corruption, its parameters, and five values each.

extends = "endo19"            # a built-in suite or another file; endo19 when left out
resolution = 512              # short side at most | "native" | [height, width]
reference_size = 256               # short side at which lengths are meant | "native"
corruptions = ["smoke"]       # a selection; all when left out

[smoke]
optical_depth = [0.2, 0.4, 0.8, 1.6, 3.2]   # severities 1 to 5; a single value serves all five
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from robustbench_endo.corruptions.base import Corruption
from robustbench_endo.corruptions.errors import CorruptionError, unknown_name
from robustbench_endo.corruptions.registry import CORRUPTIONS
from robustbench_endo.corruptions.suite import Resolution, Suite

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUITES = ("endo19", "endoarss", "imagenet-c")
_ROOT = "endo19"
_KEYS = ("name", "extends", "reference_size", "resolution", "corruptions")


def load_suite(name_or_path: str | Path) -> Suite:
    """A built-in suite by name, or one's own from a TOML file.

    Raises:
        CorruptionError: unknown suite, unreadable file, unknown key, wrong number or kind of values.
    """
    text = str(name_or_path)
    if text in SUITES:
        return _built_in(text)
    if not text.endswith(".toml"):
        raise unknown_name("suite or a path to a .toml file", text, SUITES)
    return _from_file(Path(text), ())


@lru_cache(maxsize=len(SUITES))
def _built_in(name: str) -> Suite:
    content = tomllib.loads((files(__package__) / "suites" / f"{name}.toml").read_text(encoding="utf-8"))
    root = Suite(name, None, "native", CORRUPTIONS)
    parent = root if name == _ROOT else _built_in(content.get("extends", _ROOT))
    return _parsed(content, name, parent)


def _from_file(path: Path, seen: tuple[Path, ...]) -> Suite:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptionError(f"Expected a readable suite file, got {path}: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise CorruptionError(f"Expected TOML in {path}, got an error: {error}.") from error
    return _parsed(content, path.stem, _parent(content.get("extends", _ROOT), path, seen))


def _parent(extends: Any, path: Path, seen: tuple[Path, ...]) -> Suite:
    if extends in SUITES:
        return _built_in(extends)
    if not isinstance(extends, str) or not extends.endswith(".toml"):
        raise unknown_name(f"suite after extends in {path}", str(extends), SUITES)
    chain = (*seen, path.resolve())
    parent = path.parent / extends
    if parent.resolve() in chain:
        raise CorruptionError(f"Expected suites that do not extend each other in a circle, got {path} -> {parent}.")
    return _from_file(parent, chain)


def _parsed(content: Mapping[str, Any], name: str, parent: Suite) -> Suite:
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    for key in content:
        if key not in tables and key not in _KEYS:
            raise unknown_name(f"setting or a corruption in suite {name}", key, (*_KEYS, *parent.names))
    changed = {key: _changed(parent.get(key), table, name) for key, table in tables.items()}
    wanted = parent.select(content.get("corruptions", "all"))
    return Suite(
        name=content.get("name", name),
        reference_size=_reference_size(content["reference_size"], name)
        if "reference_size" in content
        else parent.reference_size,
        resolution=_resolution(content["resolution"], name) if "resolution" in content else parent.resolution,
        corruptions=tuple(changed.get(key, parent.get(key)) for key in wanted),
    )


def _reference_size(value: Any, suite: str) -> int | None:
    if value == "native":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise CorruptionError(f'Suite {suite}: expected reference_size = pixels or "native", got {value!r}.')


def _resolution(value: Any, suite: str) -> Resolution:
    match value:
        case "native":
            return "native"
        case int() if not isinstance(value, bool) and value >= 32:
            return value
        case [int() as height, int() as width] if min(height, width) >= 32:
            return height, width
    raise CorruptionError(
        f'Suite {suite}: expected resolution = a short side of at least 32, "native" or [height, width], got {value!r}.'
    )


def _changed(corruption: Corruption, table: Mapping[str, Any], suite: str) -> Corruption:
    kinds = get_type_hints(type(corruption.severities[0]))
    columns = {}
    for key, values in table.items():
        if key not in kinds:
            raise unknown_name(f"parameter of {corruption.name} in suite {suite}", key, kinds)
        columns[key] = _five(values, kinds[key], f"Suite {suite}: {corruption.name}.{key}")
    severities = tuple(
        dataclasses.replace(params, **{key: column[i] for key, column in columns.items()})
        for i, params in enumerate(corruption.severities)
    )
    return dataclasses.replace(corruption, severities=severities)


def _five(values: Any, kind: Any, where: str) -> list[Any]:
    column = values if isinstance(values, list) else [values] * 5
    if len(column) != 5:
        raise CorruptionError(f"{where}: expected 5 values, one a severity, got {len(column)}.")
    return [_converted(value, kind, where) for value in column]


def _converted(value: Any, kind: Any, where: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in (int, float, str, bool) and type(value) is not kind:
        raise CorruptionError(f"{where}: expected values of type {kind.__name__}, got {value!r}.")
    return tuple(value) if isinstance(value, list) else value
