"""Suites as TOML files: settings, and for each corruption the values of parameters at the five severities.

extends = "endo19"            # a built-in suite or another file; endo19 by default
resolution = 512              # largest short side | "native" | [height, width]
reference_size = 256          # short side of the images to which lengths refer | "native"
region = "frame"              # corrupt the black surround, too | "content"; by default as each corruption says
corruptions = ["smoke"]       # a selection; all by default

[smoke]
depth = [0.2, 0.4, 0.8, 1.6, 3.2]   # severities 1 to 5; a single value applies to all five
plausible = [1, 4]                  # the severities that occur in surgery; reports name the others
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

from robustbench_endo.corruptions.base import REGIONS, Corruption, parameter_units
from robustbench_endo.corruptions.checks import MINIMUM_SIDE
from robustbench_endo.corruptions.errors import CorruptionError, unknown_name
from robustbench_endo.corruptions.parameter_ranges import check_parameter
from robustbench_endo.corruptions.registry import CORRUPTIONS, VARIANTS
from robustbench_endo.corruptions.suite import Resolution, Suite

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUITES = ("endo19", "endo-surgical", "endoarss", "imagenet-c")
MAXIMUM_SIDE = 16_384
"""Largest side in pixels to which a suite resizes frames."""

_LARGEST_INTEGER = 10**300
_ROOT = "endo19"
_SURGICAL = "endo-surgical"
_KEYS = ("name", "version", "extends", "reference_size", "resolution", "region", "corruptions")


def load_suite(name_or_path: str | Path) -> Suite:
    """Load a built-in suite by name, or a suite from a TOML file.

    Args:
        name_or_path: ``endo19``, ``endo-surgical``, ``endoarss``, ``imagenet-c``, or the path of a ``.toml`` file.

    Raises:
        UnknownNameError: unknown suite, setting, corruption or parameter.
        CorruptionError: unreadable file, wrong number or type of values.

    >>> from robustbench_endo.corruptions import load_suite
    >>> load_suite("endo19").resolution
    512
    >>> load_suite("imagenet-c").get("contrast").severities[4]
    ContrastParams(factor=0.05)
    """
    text = str(name_or_path)
    if text in SUITES:
        return _built_in(text)
    if not text.endswith(".toml"):
        raise unknown_name("suite or a path to a .toml file", text, SUITES)
    return _from_file(Path(text), ())


def with_parameters(suite: Suite, name: str, values: Mapping[str, Any]) -> Suite:
    """The suite with other parameters of one corruption, as the table of a suite file sets them.

    Args:
        suite: which has the corruption.
        name: of the corruption.
        values: parameter -> value of all five severities, or a list of five.

    Raises:
        UnknownNameError: unknown corruption or parameter.
        CorruptionError: wrong number, type or range of values.

    >>> suite = with_parameters(load_suite("endo-surgical"), "interlacing", {"deinterlacing": "bob"})
    >>> suite.get("interlacing").severities[0]
    InterlacingParams(motion=0.7, line=0.5, deinterlacing='bob')
    """
    return suite.with_corruptions(_with_parameters(suite.get(name), values, suite.name))


@lru_cache(maxsize=len(SUITES))
def _built_in(name: str) -> Suite:
    content = tomllib.loads((files(__package__) / "suites" / f"{name}.toml").read_text(encoding="utf-8"))
    if name in (_ROOT, _SURGICAL):  # they extend no other suite
        return _parse(content, name, Suite(name, None, "native", CORRUPTIONS if name == _ROOT else _surgical()))
    return _parse(content, name, _built_in(content.get("extends", _ROOT)))


def _surgical() -> tuple[Corruption, ...]:
    # Imported only here: few runs need these modules.
    from robustbench_endo.corruptions.surgical import SURGICAL_CORRUPTIONS

    return SURGICAL_CORRUPTIONS


def _from_file(path: Path, descendants: tuple[Path, ...]) -> Suite:
    """The suite of a file; ``descendants`` are the files that extend it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptionError(f"Cannot read the suite file {path}: {error}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise CorruptionError(f"Cannot parse {path}: invalid TOML ({error}). Correct the file.") from error
    return _parse(content, path.stem, _parent(content.get("extends", _ROOT), path, descendants))


def _parent(extends: Any, path: Path, descendants: tuple[Path, ...]) -> Suite:
    if extends in SUITES:
        return _built_in(extends)
    if not isinstance(extends, str) or not extends.endswith(".toml"):
        raise unknown_name(f"suite after extends in {path}", str(extends), SUITES)
    chain = (*descendants, path.resolve())
    parent = path.parent / extends
    if parent.resolve() in chain:
        raise CorruptionError(f"Expected suites that do not extend each other in a circle, got {path} -> {parent}.")
    return _from_file(parent, chain)


def _parse(content: Mapping[str, Any], name: str, parent: Suite) -> Suite:
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    for key in content:
        if key not in tables and key not in _KEYS:
            raise unknown_name(f"setting or a corruption in suite {name}", key, (*_KEYS, *parent.names))
    updated = {key: _updated(parent.get(key), table, name) for key, table in tables.items()}
    selected = parent.select(_texts(content.get("corruptions", "all"), name))
    corruptions = tuple(updated.get(key, parent.get(key)) for key in selected)
    if "region" in content:
        corruptions = tuple(_with_region(item, content["region"], name) for item in corruptions)
    return Suite(
        name=_name(content.get("name", name), name),
        reference_size=_reference_size(content["reference_size"], name)
        if "reference_size" in content
        else parent.reference_size,
        resolution=_resolution(content["resolution"], name) if "resolution" in content else parent.resolution,
        corruptions=corruptions,
        version=str(content.get("version", parent.version)),
    )


def _name(value: Any, suite: str) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise CorruptionError(f"Suite {suite}: expected a name of printable characters, got {value!r}.")


def _texts(value: Any, suite: str) -> str | list[str]:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return value
    raise CorruptionError(f"Suite {suite}: expected corruptions = a list of names, got {value!r}.")


def _reference_size(value: Any, suite: str) -> int | None:
    if value == "native":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and MINIMUM_SIDE <= value <= MAXIMUM_SIDE:
        return value
    raise CorruptionError(
        f'Suite {suite}: expected reference_size = {MINIMUM_SIDE} to {MAXIMUM_SIDE} pixels or "native", got {value!r}.'
    )


def _resolution(value: Any, suite: str) -> Resolution:
    match value:
        case "native":
            return "native"
        case int() if not isinstance(value, bool) and MINIMUM_SIDE <= value <= MAXIMUM_SIDE:
            return value
        case [int() as height, int() as width] if min(value) >= MINIMUM_SIDE and max(value) <= MAXIMUM_SIDE:
            return height, width
    raise CorruptionError(
        f"Suite {suite}: expected resolution = a short side of {MINIMUM_SIDE} to {MAXIMUM_SIDE}, "
        f'"native" or [height, width], got {value!r}.'
    )


def _updated(corruption: Corruption, table: Mapping[str, Any], suite: str) -> Corruption:
    """The corruption with the implementation, the region, the plausible severities and the parameters of a table."""
    implementation, rest = _with_model(corruption, table, suite)
    parameters = {key: value for key, value in rest.items() if key not in ("region", "plausible")}
    updated = _with_parameters(implementation, parameters, suite)
    if "region" in rest:
        updated = _with_region(updated, rest["region"], suite)
    return _with_plausible(updated, rest["plausible"], suite) if "plausible" in rest else updated


def _with_plausible(corruption: Corruption, value: Any, suite: str) -> Corruption:
    match value:
        case [(int() | float()) as low, (int() | float()) as high] if 1 <= low <= high <= 5:
            return dataclasses.replace(corruption, plausible=(low, high))
    raise CorruptionError(
        f"Suite {suite}: expected {corruption.name}.plausible = [lowest, highest] severity from 1 to 5, got {value!r}."
    )


def _with_region(corruption: Corruption, region: Any, suite: str) -> Corruption:
    if region not in REGIONS:
        raise CorruptionError(f'Suite {suite}: expected region = "content" or "frame", got {region!r}.')
    return dataclasses.replace(corruption, region=region)


def _with_model(corruption: Corruption, table: Mapping[str, Any], suite: str) -> tuple[Corruption, Mapping[str, Any]]:
    """The implementation that the key ``model`` names, and the rest of the table."""
    if "model" not in table:
        return corruption, table
    known = (corruption, *CORRUPTIONS, *VARIANTS)
    implementations = {item.model: item for item in known if item.name == corruption.name}
    if not isinstance(table["model"], str) or table["model"] not in implementations:
        raise unknown_name(f"model of {corruption.name} in suite {suite}", str(table["model"]), tuple(implementations))
    rest = {key: value for key, value in table.items() if key != "model"}
    selected = implementations[table["model"]]
    return (corruption if selected.model == corruption.model else selected), rest


def _with_parameters(corruption: Corruption, table: Mapping[str, Any], suite: str) -> Corruption:
    parameters = type(corruption.severities[0])
    types, units = get_type_hints(parameters), parameter_units(parameters)
    columns = {}
    for key, values in table.items():
        if key not in types:
            raise unknown_name(f"parameter of {corruption.name} in suite {suite}", key, types)
        source = f"Suite {suite}: {corruption.name}.{key}"
        columns[key] = _five_values(values, types[key], source)
        for value in columns[key]:
            check_parameter(value, key, units.get(key, ""), source)
    severities = tuple(
        dataclasses.replace(params, **{key: column[i] for key, column in columns.items()})
        for i, params in enumerate(corruption.severities)
    )
    return dataclasses.replace(corruption, severities=severities)


def _five_values(values: Any, type_: Any, where: str) -> list[Any]:
    column = values if isinstance(values, list) else [values] * 5
    if len(column) != 5:
        raise CorruptionError(f"{where}: expected 5 values, one per severity, got {len(column)}.")
    return [_convert(value, type_, where) for value in column]


def _convert(value: Any, type_: Any, where: str) -> Any:
    if type_ is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < _LARGEST_INTEGER else math.inf
    if type_ in (int, float, str, bool) and type(value) is not type_:
        raise CorruptionError(f"{where}: expected values of type {type_.__name__}, got {value!r}.")
    return tuple(value) if isinstance(value, list) else value
