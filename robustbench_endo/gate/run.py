"""Decide the criteria of a plan on a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.gate.plan import Plan
from robustbench_endo.gate.report import GateReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustbench_endo.results import Results


def run_gate(results: Results, plan: Plan, baseline: Results | None = None, models: Sequence[str] = ()) -> GateReport:
    """Decide every criterion of a plan.

    Args:
        results: a finished run.
        plan: of :func:`load_plan`.
        baseline: the run that margins refer to.
        models: names of models of the run, instead of those of the plan.
    """
    raise NotImplementedError
