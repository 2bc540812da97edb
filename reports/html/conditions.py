"""What the cells of a table stand for: the conditions whose frames the script opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from robustbench_endo.reports.data.tables import Cell, Column, Row
from robustbench_endo.reports.formatting import MISSING
from robustbench_endo.results.metrics import split_label
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.reports.data.report_data import ReportData

ALL = "all"
"""Every model, corruption or severity."""


def cell_conditions(report: ReportData) -> Callable[[Row, Column, Cell], str]:
    """A function from a cell to ``MODEL.CORRUPTIONS.SEVERITY.TASK`` by the keys of its row, its column and itself.

    ``MODEL`` is a position or ``all``; ``CORRUPTIONS`` a position, ``-1`` for clean, ``g0`` .. for a category, or
    ``all``; ``SEVERITY`` (or ``all``) and ``TASK`` are positions, empty for those of the selection; empty parts at the
    end are left out. The text is empty for a cell that does not name a model and a corruption, or that has no number,
    and in a run of clean frames only, which has no numbers by condition.
    """
    models = {ALL: ALL} | {name: f"{index}" for index, name in enumerate(report.models)}
    severities = {ALL: ALL} | {f"{severity:g}": f"{index}" for index, severity in enumerate((0, *report.severities))}
    tasks = {name: f"{index}" for index, name in enumerate(report.tasks)}
    task_of = {metric.name: metric.task or "" for metric in report.scores.metrics}
    scopes = _scopes(report)

    def condition(row: Row, column: Column, cell: Cell) -> str:
        keys = {**row.keys, **column.keys, **cell.keys}
        model = models.get(keys.get("model") or column.model or "")
        scope = scopes.get((keys.get("category", ""), keys.get("corruption", "")))
        if model is None or scope is None or not report.categories or cell.text in ("", MISSING):
            return ""
        task = keys.get("task") or task_of.get(split_label(keys.get("metric", ""))[0], "")
        parts = (model, scope, severities.get(keys.get("severity", ""), ""), tasks.get(task, ""))
        return ".".join(parts).rstrip(".")

    return condition


def _scopes(report: ReportData) -> dict[tuple[str, str], str]:
    """(category, corruption) as in the tables -> its part of the text; the category of a corruption may be missing."""
    scopes = {(CLEAN, CLEAN): "-1", ("mean", "all"): ALL}
    scopes |= {("mean", name): f"g{index}" for index, name in enumerate(dict.fromkeys(report.categories.values()))}
    for index, (name, category) in enumerate(report.categories.items()):
        scopes |= {(category, name): f"{index}", ("", name): f"{index}"}
    return scopes
