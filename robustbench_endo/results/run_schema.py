"""The structure of run.json: which keys a run has, and of which types their values are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RunError
from robustbench_endo.tasks.registry import TASKS

Kind = Any
"""A type, a tuple of types, ``[kind]`` for a list, ``{"key": kind}`` for an object with these keys ("?key" for one that
may be missing), or ``{str: kind}`` for an object with any keys."""

_TEXT_OR_NONE = (str, type(None))

STRUCTURE: dict[Any, Kind] = {
    "name": str,
    "finished": _TEXT_OR_NONE,
    "?created": str,
    "protocol": str,
    "seed": int,
    "replicates": int,
    "suite": {
        "name": str,
        "hash": str,
        "?version": str,
        "?resolution": (str, int, list),
        "?reference_size": (int, float, list, type(None)),
    },
    "data": {
        "?name": str,
        "?root": str,
        "?source": str,
        "?synthetic": bool,
        "?split": _TEXT_OR_NONE,
        "?frames": int,
        "?fingerprint": str,
        "?subjects": int,
        "?subject_source": str,
        "?subject_note": str,
        "?label_map": _TEXT_OR_NONE,
        "?notes": [str],
    },
    "tasks": {str: [str]},
    "models": [
        {
            "name": str,
            "?spec": str,
            "?source": str,
            "?weights_sha256": str,
            "?parameters": int,
            "?trained_on": [str],
            "?method": str,
            "?seed": (int, type(None)),
        }
    ],
    "corruptions": [
        {
            "name": str,
            "category": str,
            "?stochastic": bool,
            "?cause": str,
            "?citation": _TEXT_OR_NONE,
            "?severities": (list, dict),
            "?region": str,
            "?plausible": (list, type(None)),
        }
    ],
    "severities": [(int, float)],
    "?precision": str,
    "?region": str,
    "?recorded_conditions": [{"name": str, "category": str, "severity": int}],
    "?metrics": [{"name": str}],
    "?metric_settings": {str: object},
    "?target_distortion": {
        "target": (int, float),
        "corruptions": [{"name": str, "severity": (int, float), "distortion": (int, float)}],
    },
    "?adaptation": {"method": str, "batch_size": int},
    "?calibrations": {str: {"alpha": (int, float), "unit": str, "tasks": {str: {"temperature": (int, float)}}}},
    "failures": [{"id": str, "reason": str}],
    "?notes": [str],
    "?identity": {str: object},
    "?config": {str: object},
    "?chunks": int,
    "?shards": int,
    "?versions": {str: str},
    "?timings": (dict, list),
    "?python": str,
    "?platform": str,
    "?device": str,
    "?triton": {"available": bool, "reason": _TEXT_OR_NONE},
    "?threads": int,
    "?commit": _TEXT_OR_NONE,
    "?command": str,
    "?files": {str: str},
}


def check_run_info(info: Mapping[str, Any], path: Path) -> None:
    """Raise :class:`RunError` unless the content of a run.json describes a run.

    Args:
        info: the content.
        path: of the file, for messages.
    """
    problem = next(_problems(info, STRUCTURE, ""), "") or _contradiction(info)
    if problem:
        raise RunError(f"Expected the description of a run in {path}, got {problem}: evaluate again.")


def _problems(value: object, kind: Kind, where: str) -> Iterator[str]:
    if isinstance(kind, list):
        if not isinstance(value, list):
            yield _wrong(value, "a list", where)
            return
        for index, item in enumerate(value):
            yield from _problems(item, kind[0], f"{where}[{index}]")
    elif isinstance(kind, Mapping):
        if not isinstance(value, Mapping):
            yield _wrong(value, "an object", where)
        elif str in kind:
            for name, item in value.items():
                yield from _problems(item, kind[str], f"{where}.{name}")
        else:
            yield from _member_problems(value, kind, where)
    elif not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, (int, float))):
        names = kind if isinstance(kind, tuple) else (kind,)
        yield _wrong(value, " or ".join(_NAMES.get(each, each.__name__) for each in names), where)


_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    type(None): "null",
    bool: "true or false",
    list: "a list",
}


def _member_problems(value: Mapping[str, Any], kind: Mapping[str, Kind], where: str) -> Iterator[str]:
    for key, each in kind.items():
        name = key.removeprefix("?")
        if name in value:
            yield from _problems(value[name], each, f"{where}.{name}" if where else name)
        elif name == key:
            yield f"no {name}" + (f" in {where}" if where else "")


def _wrong(value: object, expected: str, where: str) -> str:
    return f"{where or 'content'} as {_NAMES.get(type(value), type(value).__name__)} instead of {expected}"


def _contradiction(info: Mapping[str, Any]) -> str:
    """What the types do not show: no model, two of one name, an unknown task, a severity that does not exist."""
    if (text := next(_texts_with_control_characters(info), None)) is not None:
        return f"a text with control characters ({ascii(text)[:80]})"
    for key in ("models", "corruptions"):
        names = [entry["name"] for entry in info[key]]
        if len(set(names)) < len(names):
            return f"two {key} of one name"
    if not info["models"]:
        return "no model"
    known = [task.name for task in TASKS]
    unknown = [task for task in info["tasks"] if task not in known]
    if unknown or not info["tasks"]:
        return f"the tasks {', '.join(unknown) or 'none'} (known are {', '.join(known)})"
    if outside := [severity for severity in info["severities"] if not 1 <= severity <= 5]:
        return f"severity {outside[0]} instead of 1 to 5"
    if not 1 <= info["replicates"] <= 10_000:
        return f"{info['replicates']} replicates"
    return ""


def _texts_with_control_characters(value: object) -> Iterator[str]:
    """Keys and texts that a terminal or a page would interpret; reasons and notes may have several lines."""
    if isinstance(value, str):
        if _CONTROL.search(value):
            yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts_with_control_characters(key)
            yield from _texts_with_control_characters(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_with_control_characters(each)


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
