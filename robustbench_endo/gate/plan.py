"""The plan of a gate: criteria that are specified before the numbers are known, in a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Aggregate = Literal["mean", "each", "worst"]
Direction = Literal["at_least", "at_most"]


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
        models: whose criterion it is; empty for all of the plan.
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
        alpha: probability of an error, one-sided.
        correction: of the level at which a criterion fails, for the number of criteria.
        estimand: ``subject``, the mean over patients or sequences of each one's own score, or ``pooled``.
        min_subjects: fewer subjects with a value make a criterion undecided.
        models: of the run; empty for all.
        baseline_model: model of the baseline run, or without one of the run itself; empty for the same name.
        run: what the run has to be: ``data``, ``fingerprint``, ``suite``, ``seed``; empty for any.
        text: the file.
        sha256: of the file.
    """

    criteria: tuple[Criterion, ...]
    name: str = ""
    alpha: float = 0.05
    correction: Literal["holm", "bonferroni", "none"] = "holm"
    estimand: Literal["subject", "pooled"] = "subject"
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
    raise NotImplementedError
