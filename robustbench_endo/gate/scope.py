"""The conditions that a criterion is about, in the runs that it compares."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from robustbench_endo.errors import RunError, unknown_name
from robustbench_endo.gate.plan import Criterion
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.estimates import Conditions, ScoreArray
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results import Results

Condition = tuple[str, float]
"""Corruption and severity; severity 0 for clean frames and recorded conditions."""


@dataclass(frozen=True)
class Scope:
    """Conditions of a criterion.

    Attributes:
        title: such as ``smoke`` or ``noise (mean of 4)``.
        conditions: all of them.
    """

    title: str
    conditions: tuple[Condition, ...]

    @property
    def corruptions(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(dict.fromkeys(name for name, _ in self.conditions))

    @property
    def severities(self) -> tuple[float, ...]:
        """The severities, ascending; empty for clean frames and recorded conditions."""
        return tuple(sorted({severity for _, severity in self.conditions if severity}))

    def values(self, scores: ScoreArray, conditions: Conditions, model: int) -> Floats:
        """The scores of a model at each condition, (R, K)."""
        columns = []
        for name, severity in self.conditions:
            if name == CLEAN:
                columns.append(scores.clean[:, model])
            elif severity:
                position = list(conditions.corruptions).index(name), list(conditions.severities).index(severity)
                columns.append(scores.corrupted[:, model, position[0], position[1]])
            else:
                columns.append(scores.recorded[:, model, list(conditions.recorded).index(name)])
        return np.stack(columns, axis=-1)

    def each(self) -> Iterator[Scope]:
        """One scope per condition."""
        for name, severity in self.conditions:
            yield replace(self, title=name, conditions=((name, severity),))


def resolve(criterion: Criterion, results: Results) -> Scope:
    """The conditions of a criterion in a run.

    Raises:
        UnknownNameError: a corruption that is none of the run.
        RunError: a severity that was not run, or corruptions of a suite that are missing.
    """
    names = _corruptions(criterion, results)
    clean_or_recorded = [name for name in names if name not in results.corruptions]
    severities = _severities(criterion, results, names)
    if clean_or_recorded:
        conditions = [(name, 0.0) for name in names]
    else:
        conditions = [(name, severity) for name in names for severity in severities]
    frame = results.frame
    present = set(zip(frame["corruption"].astype(str), frame["severity"].astype(float), strict=True))
    for name, severity in conditions:
        if name in results.corruptions and (name, float(severity)) not in present:
            raise RunError(
                f"Expected severity {severity:g} of {name} for criterion {criterion.id!r}, got a run without it: "
                "evaluate it, or correct the plan."
            )
    return Scope(_title(criterion, names), tuple(conditions))


def _corruptions(criterion: Criterion, results: Results) -> list[str]:
    categories = results.corruption_categories
    selected: list[str] = []
    for word in criterion.corruption:
        if word == "all" or word in categories.values():
            members = [name for name, category in categories.items() if word in ("all", category)]
            _check_suite(word, members, criterion, results)
            selected += members
        elif word in (CLEAN, *categories, *results.recorded_conditions):
            selected.append(word)
        else:
            known = [CLEAN, "all", *dict.fromkeys(categories.values()), *categories, *results.recorded_conditions]
            raise unknown_name(f"corruption of the run in criterion {criterion.id!r}", word, known)
    if not selected:
        raise RunError(
            f"Expected corruptions for criterion {criterion.id!r}, got a run of clean frames: evaluate them."
        )
    names = list(dict.fromkeys(selected))
    _check_one_kind(criterion, names, categories)
    return names


def _check_one_kind(criterion: Criterion, names: Sequence[str], categories: Container[str]) -> None:
    if len({name in categories for name in names}) > 1:
        raise RunError(
            f"Expected corruptions only, or recorded conditions only, in criterion {criterion.id!r}, got both "
            f"({', '.join(names)}): write two criteria."
        )


def _check_suite(word: str, members: Sequence[str], criterion: Criterion, results: Results) -> None:
    """A category is complete: a run of its easiest corruption must not pass for all of them."""
    missing = [name for name in _suite_members(word, results) if name not in members]
    if missing:
        raise RunError(
            f"Expected every corruption of {word!r} of the suite {results.info['suite']['name']} for criterion "
            f"{criterion.id!r}, got a run without {', '.join(missing)}: evaluate them, or name those that the "
            "criterion is about."
        )


def _suite_members(word: str, results: Results) -> list[str]:
    """The corruptions of a category of the run's suite; empty where the suite is not one of the package."""
    from robustbench_endo.corruptions import load_suite

    suite = results.info["suite"]
    if suite["name"] not in _BUILT_IN:
        return []
    entries = load_suite(suite["name"]).describe()
    return [entry["name"] for entry in entries if word in ("all", entry["category"])]


_BUILT_IN = ("endo19", "endo-surgical", "endoarss", "imagenet-c")


def _severities(criterion: Criterion, results: Results, names: Sequence[str]) -> Sequence[float]:
    needs = any(name in results.corruptions for name in names)
    stated = bool(criterion.severities) or criterion.max_severity is not None
    if stated and not needs:
        raise RunError(
            f"Expected no severity for {', '.join(names)} in criterion {criterion.id!r}, got one: leave it out."
        )
    if not needs:
        return ()
    if not stated:
        raise RunError(
            f"Expected severities or max_severity in criterion {criterion.id!r}, got neither: state up to which "
            "severity it has to hold."
        )
    _check_run_severities(criterion, results)
    if criterion.max_severity is None:
        return criterion.severities
    return [each for each in results.severities if each <= criterion.max_severity]


def _check_run_severities(criterion: Criterion, results: Results) -> None:
    required = criterion.severities or (criterion.max_severity,)
    missing = [f"{each:g}" for each in required if each is not None and each not in results.severities]
    if missing:
        raise RunError(
            f"Expected severities of the run ({', '.join(f'{each:g}' for each in results.severities)}) in criterion "
            f"{criterion.id!r}, got {', '.join(missing)}: evaluate them, or correct the plan."
        )


def _title(criterion: Criterion, names: Sequence[str]) -> str:
    word = " + ".join(criterion.corruption)
    if len(names) < 2 or criterion.aggregate == "each":
        return word
    kind = "mean" if criterion.aggregate == "mean" else "worst"
    return f"{word if len(word) <= 40 else 'corruptions'} ({kind} of {len(names)})"
