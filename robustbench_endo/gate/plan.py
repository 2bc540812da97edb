"""The plan of a gate: criteria that are specified before the numbers are known, in a TOML file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate.values import (
    as_choice,
    as_identifier,
    as_names,
    as_number,
    as_severities,
    as_text,
    as_whole_number,
    check_keys,
)
from robustbench_endo.io_utils import parse_toml

Aggregate = Literal["mean", "each", "worst"]
Correction = Literal["holm", "bonferroni", "none"]
Estimand = Literal["subject", "pooled"]

BOUNDS = ("at_least", "at_most", "non_inferior")
"""Of which a criterion has exactly one."""

MAX_ALPHA = 0.2
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Criterion:
    """One requirement.

    Attributes:
        id: unique in the plan.
        metric: name of a metric of the run.
        task: of the metric; empty for that of the metric.
        corruption: ``clean``, ``all``, a category, a corruption or a recorded condition; or several corruptions.
        severities: the severities; empty for clean frames and recorded conditions.
        max_severity: all severities of the run up to this one, instead of ``severities``.
        aggregate: over the conditions of the scope: ``mean``, ``each`` of them, or the ``worst`` one.
        at_least, at_most: the bound, as a fraction for metrics in percent, else in the unit of the metric.
        non_inferior: the margin to the baseline, in the same unit.
        models: that it is about; empty for those of the plan.
        why: the clinical or technical reason of the threshold.
    """

    id: str
    metric: str
    task: str = ""
    corruption: tuple[str, ...] = ("all",)
    severities: tuple[float, ...] = ()
    max_severity: float | None = None
    aggregate: Aggregate = "mean"
    at_least: float | None = None
    at_most: float | None = None
    non_inferior: float | None = None
    models: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """Criteria, and how they are decided.

    Attributes:
        criteria: the requirements.
        name: of the plan.
        alpha: largest probability of a wrong pass, and of a wrong fail.
        correction: of the level at which a criterion fails, for the number of criteria.
        estimand: ``subject``, the mean over patients or sequences of each one's own score, or ``pooled``.
        min_subjects: fewer subjects with a value make a criterion undecided.
        models: of the run; empty for all.
        baseline_model: model of the baseline run, or without one of the run itself; empty for the same name.
        run: what the run has to be: ``data``, ``fingerprint``, ``suite``, ``seed``, ``min_frames``; empty for any.
        text: the file.
        sha256: of the file.
    """

    criteria: tuple[Criterion, ...]
    name: str = ""
    alpha: float = 0.05
    correction: Correction = "holm"
    estimand: Estimand = "subject"
    min_subjects: int = 6
    models: tuple[str, ...] = ()
    baseline_model: str = ""
    run: Mapping[str, str | int] = field(default_factory=dict)
    text: str = field(default="", repr=False)
    sha256: str = ""


def load_plan(path: str | Path) -> Plan:
    """The plan in a TOML file.

    Raises:
        RobustEndoError: no such file, no TOML, or a value that no plan has.
        UnknownNameError: an unknown key.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # a name with characters that no file has
        reason = getattr(error, "strerror", None) or error
        raise RobustEndoError(f"Cannot read the plan {str(path)[:200]}: {reason}. Check the path.") from error
    if len(content) > MAX_BYTES:
        raise RobustEndoError(
            f"Expected a plan of at most {MAX_BYTES:,} bytes, got {len(content):,} in {path}: give a TOML file."
        )
    try:
        text = content.decode("utf-8")
    except ValueError as error:
        raise RobustEndoError(f"Cannot parse {path}: no UTF-8 ({error}). Save the plan as UTF-8.") from error
    return parse_plan(text, str(path))


def parse_plan(text: str, source: str = "the plan") -> Plan:
    """The plan in the text of a TOML file.

    Args:
        text: of the file.
        source: name of the file, for messages.

    Raises:
        RobustEndoError: no TOML, or a value that no plan has.
        UnknownNameError: an unknown key.

    >>> plan = parse_plan('''
    ... [[criteria]]
    ... id = "smoke"
    ... metric = "dice"
    ... corruption = "smoke"
    ... severities = [1, 2]
    ... at_least = 0.7
    ... ''')
    >>> plan.criteria[0].at_least, plan.alpha, plan.correction
    (0.7, 0.05, 'holm')
    """
    content = parse_toml(text, source)
    check_keys(content, _PLAN, source)
    entries = content.pop("criteria", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        raise RobustEndoError(f"Expected at least one table [[criteria]] in {source}, got none: add a criterion.")
    values = {key: _PLAN[key](value, f"{key} in {source}") for key, value in content.items()}
    criteria = tuple(_criterion(each, number, source) for number, each in enumerate(entries, start=1))
    ids = [criterion.id for criterion in criteria]
    if repeated := next((each for each in ids if ids.count(each) > 1), ""):
        raise RobustEndoError(
            f"Expected criteria with different ids in {source}, got {repeated!r} twice: rename one of them."
        )
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Plan(criteria, **values, text=text, sha256=sha256)


def _criterion(table: dict[str, Any], number: int, source: str) -> Criterion:
    where = f"criterion {number} of {source}"
    check_keys(table, _CRITERION, where)
    for key in ("id", "metric"):
        if key not in table:
            raise RobustEndoError(f"Expected {key} in {where}, got none: add it.")
    values = {key: _CRITERION[key](value, f"{key} of {where}") for key, value in table.items()}
    criterion = Criterion(**values)
    _check_bounds(criterion, [key for key in BOUNDS if key in values])
    _check_scope(criterion)
    return criterion


def _check_bounds(criterion: Criterion, bounds: Sequence[str]) -> None:
    """Exactly one bound, and a margin that is not negative."""
    if len(bounds) != 1:
        raise RobustEndoError(
            f"Expected exactly one of {', '.join(BOUNDS)} in criterion {criterion.id!r}, got "
            f"{' and '.join(bounds) or 'none'}: give one."
        )
    if criterion.non_inferior is not None and criterion.non_inferior < 0:
        raise RobustEndoError(
            f"Expected a margin non_inferior of at least 0 in criterion {criterion.id!r}, got "
            f"{criterion.non_inferior:g}: write how much worse the model may be, such as 0.02."
        )


def _check_scope(criterion: Criterion) -> None:
    """The severities that the numbers of a criterion need, or must not have."""
    if criterion.severities and criterion.max_severity is not None:
        raise RobustEndoError(
            f"Expected either severities or max_severity in criterion {criterion.id!r}, got both: leave one out."
        )
    if "clean" in criterion.corruption and (criterion.severities or criterion.max_severity is not None):
        raise RobustEndoError(
            f"Expected no severity for clean frames in criterion {criterion.id!r}, got one: leave it out."
        )
    if len(criterion.corruption) > 1 and (joint := {"all", "clean"}.intersection(criterion.corruption)):
        raise RobustEndoError(
            f"Expected {min(joint)!r} without other corruptions in criterion {criterion.id!r}, got "
            f"{', '.join(criterion.corruption)}: write another criterion for the others."
        )


def _run_table(value: Any, where: str) -> dict[str, str | int]:
    if not isinstance(value, dict):
        raise RobustEndoError(f"Expected a table [run] as {where}, got {value!r}: write [run] in a line of its own.")
    check_keys(value, _RUN, where)
    return {key: _RUN[key](each, f"{key} of {where}") for key, each in value.items()}


def _alpha(value: Any, where: str) -> float:
    alpha = as_number(value, where)
    if not 0 < alpha <= MAX_ALPHA:
        raise RobustEndoError(
            f"Expected {where} to be above 0 and at most {MAX_ALPHA}, got {alpha:g}: write 0.05 for 5 %."
        )
    return alpha


_RUN: Mapping[str, Any] = {
    **dict.fromkeys(("data", "fingerprint", "suite"), as_text),
    "seed": lambda value, where: as_whole_number(value, where, 0),
    "min_frames": lambda value, where: as_whole_number(value, where, 1),
}

_PLAN: Mapping[str, Any] = {
    "name": as_text,
    "alpha": _alpha,
    "correction": as_choice("holm", "bonferroni", "none"),
    "estimand": as_choice("subject", "pooled"),
    "min_subjects": lambda value, where: as_whole_number(value, where, 2),
    "models": as_names,
    "baseline_model": as_text,
    "run": _run_table,
    "criteria": None,
}

_CRITERION: Mapping[str, Any] = {
    "id": as_identifier,
    "metric": as_text,
    "task": as_text,
    "corruption": as_names,
    "severities": as_severities,
    "max_severity": lambda value, where: as_severities([value], where)[0],
    "aggregate": as_choice("mean", "each", "worst"),
    **dict.fromkeys(BOUNDS, as_number),
    "models": as_names,
    "why": as_text,
}
"""Key -> its reader, of the value and the position of the value for messages."""
