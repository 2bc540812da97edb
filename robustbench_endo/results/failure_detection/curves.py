"""Risk by coverage of every model, clean and under all corruptions of a severity together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.failure_detection.risk_coverage import risk_coverage_curve
from robustbench_endo.results.failure_detection.scores import ALL, FAILURE, PROBABILITY, detection, select_condition
from robustbench_endo.results.resampling import Resampling, resampling_units
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results


def risk_curves(
    results: Results, task: Task, confidence: str = PROBABILITY
) -> dict[str, dict[float, tuple[Floats, Floats]]]:
    """Model -> severity (0 is clean) -> coverage and risk in percent, at each number of accepted frames.

    Args:
        results: a run with clean frames of every model.
        task: whose failures are detected.
        confidence: by which frames are accepted.
    """
    failed = results.failed_records()
    units = resampling_units(results.frame, Resampling())
    lines: dict[str, dict[float, tuple[Floats, Floats]]] = {}
    for model in results.models:
        part = detection(results, model, task, FAILURE, [confidence], failed, units)
        if part is None or confidence not in part.confidences:
            continue
        conditions = [(CLEAN, 0.0)]
        if results.corruptions:
            conditions += [(ALL, float(severity)) for severity in results.severities]
        for corruption, severity in conditions:
            here = part.select(select_condition(results, part.records, corruption, severity))
            if len(here.loss):
                coverage, risk = risk_coverage_curve(here.confidences[confidence], here.loss)
                lines.setdefault(model, {})[severity] = 100 * coverage, 100 * risk
    return lines
