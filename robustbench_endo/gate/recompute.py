"""Whether the gate in a run folder follows from its records."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from robustbench_endo.gate.plan import parse_plan
from robustbench_endo.gate.report import CriterionResult, GateReport, load_gate
from robustbench_endo.gate.run import reference, run_gate

if TYPE_CHECKING:
    from robustbench_endo.results import Results

_NUMBERS = ("threshold", "value", "p_value", "subjects", "pessimistic")
"""Numbers of a criterion that do not depend on the other criteria."""


def gate_problem(results: Results, baseline: Results | None = None) -> str:
    """What is wrong with gate.json of a run, in one sentence; empty for nothing, or without the file.

    Args:
        results: the run, from its folder.
        baseline: the run that margins refer to; without it only the criteria with a bound are computed again.

    Raises:
        RunError: a gate.json that cannot be read.
    """
    report = None if results.path is None else load_gate(results.path)
    if report is None:
        return ""
    if report.run != reference(results):
        return "gate.json is of other records than those of the run folder."
    plan = parse_plan(report.plan_toml, "the plan in gate.json")
    if plan.sha256 != report.plan_sha256:
        return "The plan in gate.json has another SHA-256 than it states."
    if report.baseline is None or baseline is not None:
        computed = run_gate(results, plan, baseline, report.models)
        same = computed.to_json() == report.to_json()
        return "" if same else f"gate.json says {report.verdict}, but has other content than the records give."
    return _problem_without_baseline(results, report)


def _problem_without_baseline(results: Results, report: GateReport) -> str:
    """The bounds are computed again; levels that are corrected together with margins cannot be."""
    plan = parse_plan(report.plan_toml)
    bounds = tuple(each for each in plan.criteria if each.non_inferior is None)
    if not bounds:
        return ""
    computed = run_gate(results, replace(plan, criteria=bounds), None, report.models)
    stored = {(each.id, each.model): each for each in report.criteria if each.kind == "bound"}
    for each in computed.criteria:
        other = stored.pop((each.id, each.model), None)
        if other is None or not _equal(each, other):
            return f"gate.json has other numbers of {each.id} for {each.model} than the records give."
    return f"gate.json has {next(iter(stored))[0]}, which is not in its plan." if stored else ""


def _equal(one: CriterionResult, other: CriterionResult) -> bool:
    pairs = [(float(getattr(one, name)), float(getattr(other, name))) for name in _NUMBERS]
    numbers = all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)
    return numbers and (one.verdict == "pass") == (other.verdict == "pass")
