"""Verdicts from evidence: pass, fail or undecided, with the levels that the guarantee of a gate rests on.

Pass: all criteria have to pass, each at ``alpha``. If a criterion is violated, the gate passes only if this one passes
by mistake, whatever the others do, so that no correction is needed (intersection-union test; Berger, Technometrics
1982). Fail: one criterion suffices, so that the chance of a false alarm would grow with their number; the optimistic
ends have levels corrected by Holm (Scand. J. Statistics 1979) or Bonferroni.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robustbench_endo.gate.cases import Case
from robustbench_endo.gate.plan import Correction, Plan
from robustbench_endo.gate.report import CriterionResult, Verdict
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.resampling import holm_levels

_MAX_HINT = 1000
"""Subjects above which a reason names no number."""


def decide(all_cases: Sequence[Case], plan: Plan) -> list[CriterionResult]:
    """The verdict of every case."""
    p_fail = np.array([_p_fail(case) for case in all_cases])
    levels = fail_levels(p_fail, plan.alpha, plan.correction)
    return [_result(case, plan, float(level)) for case, level in zip(all_cases, levels, strict=True)]


def fail_levels(p_fail: Floats, alpha: float, correction: Correction) -> Floats:
    """The level at which each criterion may fail.

    Args:
        p_fail: p-values of the hypotheses that the criteria hold.
        alpha: largest probability that any of them fails by mistake.
        correction: for their number.

    >>> fail_levels(np.array([0.001, 0.04, 0.9]), 0.06, "holm").round(3).tolist()
    [0.02, 0.03, 0.03]
    """
    if correction == "holm":
        return holm_levels(p_fail, alpha)
    return np.full(len(p_fail), alpha / (len(p_fail) if correction == "bonferroni" else 1))


def _p_fail(case: Case) -> float:
    """That the criterion holds; of the worst condition, times the number of conditions (Bonferroni)."""
    if case.problem:
        return 1.0
    p = case.evidence.p_value(case.threshold, -case.sign)
    return float(min(1.0, len(p) * p.min()))


@dataclass(frozen=True)
class _Numbers:
    """The worst value of a case, the ends of its interval and its p-value; NaN where there is a problem."""

    value: float = math.nan
    pessimistic: float = math.nan
    optimistic: float = math.nan
    p_value: float = math.nan


def _numbers(case: Case, alpha: float, level: float) -> _Numbers:
    worst = np.min if case.sign > 0 else np.max
    defined = case.evidence.value.size and np.isfinite(case.evidence.value).all()
    value = float(worst(case.evidence.value)) if defined else math.nan
    if case.problem:
        return _Numbers(value)
    low, high = case.evidence.interval(alpha)
    pessimistic = float(worst(low if case.sign > 0 else high))
    low, high = case.evidence.interval(level / len(low))
    optimistic = float(worst(high if case.sign > 0 else low))
    return _Numbers(value, pessimistic, optimistic, float(case.evidence.p_value(case.threshold, case.sign).max()))


def _result(case: Case, plan: Plan, level: float) -> CriterionResult:
    numbers = _numbers(case, plan.alpha, level)
    ends = numbers.pessimistic, numbers.optimistic
    verdict = _verdict(case, *ends)
    low, high = ends if case.sign > 0 else ends[::-1]
    return CriterionResult(
        id=case.id,
        task=case.metric.task or "",
        metric=case.metric.name,
        corruption=case.scope.title,
        corruptions=case.scope.corruptions,
        severities=case.scope.severities,
        aggregate=case.criterion.aggregate,
        kind="bound" if case.criterion.non_inferior is None else "non_inferiority",
        direction="at_least" if case.sign > 0 else "at_most",
        threshold=case.threshold,
        unit=case.metric.unit,
        model=case.model,
        value=numbers.value,
        low=low,
        high=high,
        p_value=numbers.p_value,
        level=level,
        subjects=case.evidence.subjects,
        verdict=verdict,
        reason=case.problem or _reason(case, verdict, plan.alpha, level, numbers.value, ends),
    )


def _verdict(case: Case, pessimistic: float, optimistic: float) -> Verdict:
    if case.problem or not (math.isfinite(pessimistic) and math.isfinite(optimistic)):
        return "undecided"
    if case.sign * (pessimistic - case.threshold) >= 0:
        return "pass"
    return "fail" if case.sign * (optimistic - case.threshold) < 0 else "undecided"


def _reason(case: Case, verdict: Verdict, alpha: float, level: float, value: float, ends: tuple[float, float]) -> str:
    unit = f" {case.metric.unit}" if case.metric.unit else ""
    names = ("lower", "upper") if case.sign > 0 else ("upper", "lower")
    meets, violates = ("at least", "below") if case.sign > 0 else ("at most", "above")
    threshold = f"{case.threshold:.4g}{unit}"
    if not all(map(math.isfinite, ends)):
        return f"{case.metric.name} has no interval: too few subjects have an influence on it."
    if verdict == "pass":
        return f"The {names[0]} end of the {_confidence(alpha)} interval, {ends[0]:.2f}{unit}, is {meets} {threshold}."
    if verdict == "fail":
        return (
            f"The {names[1]} end of the {_confidence(level)} interval, {ends[1]:.2f}{unit}, is {violates} {threshold}."
        )
    return _undecided_reason(case, level, value, ends, threshold)


def _undecided_reason(case: Case, level: float, value: float, ends: tuple[float, float], threshold: str) -> str:
    unit = f" {case.metric.unit}" if case.metric.unit else ""
    low, high = sorted(ends)
    text = f"The interval from {low:.2f} to {high:.2f}{unit} contains {threshold}"
    if 0 < level < case.evidence.smallest:
        return (
            f"{text}; {case.evidence.subjects} subjects cannot show a violation at the corrected level {level:.2g} "
            f"(smallest p {case.evidence.smallest:.2g})."
        )
    needed = _subjects_needed(case, value, ends)
    return f"{text}{f'; about {needed} subjects would decide' if needed else ''}."


def _confidence(level: float) -> str:
    return f"{100 * (1 - level):.4g} %"


def _subjects_needed(case: Case, value: float, ends: tuple[float, float]) -> int:
    """Subjects at which the interval would end at the threshold, if value and spread stay; 0 for too many."""
    distance = abs(value - case.threshold)
    end = ends[0] if case.sign * (value - case.threshold) > 0 else ends[1]
    needed = case.evidence.subjects * (abs(value - end) / distance) ** 2 if distance > 0 else math.inf
    return math.ceil(needed) if needed <= _MAX_HINT else 0
