"""What is done with a finished run by other parts of the package: ``results.gate``, ``results.log_to``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustbench_endo.gate import GateReport, Plan
    from robustbench_endo.results.results import Results


def decide_plan(
    results: Results,
    plan: Plan | str | Path,
    baseline: Results | str | Path | None = None,
    models: Sequence[str] = (),
) -> GateReport:
    """Decide an acceptance plan, as ``robust-endo gate`` does: pass, fail or undecided for every criterion.

    Args:
        results: the run.
        plan: the criteria, or their TOML file.
        baseline: the run that margins of non-inferiority refer to, or its folder.
        models: names of models of the run, instead of those of the plan.

    Raises:
        RobustEndoError: see :func:`robustbench_endo.gate.run.run_gate`.
    """
    from robustbench_endo.gate.run import run_gate

    return run_gate(results, plan, baseline, models)


def log_run(
    results: Results,
    loggers: str | Sequence[str],
    folder: str | Path | None = None,
    metrics: Sequence[str] | None = None,
) -> dict[str, str]:
    """Log the run to experiment trackers, see :func:`robustbench_endo.tracking.log_results`."""
    from robustbench_endo.tracking import log_results

    return log_results(results, loggers, folder, metrics)
