"""Whether confidence detects failures, and whether calibrated prediction sets keep their promise, as tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from robustbench_endo.errors import RunError
from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.reports.data.aggregates import describe_failures
from robustbench_endo.reports.data.sample import describe_sample
from robustbench_endo.reports.data.scores import model_columns
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, RowKind, Table
from robustbench_endo.reports.formatting import MISSING, number
from robustbench_endo.results.failure_detection.curves import risk_curves
from robustbench_endo.results.failure_detection.promise import breaking_severities, promise
from robustbench_endo.results.failure_detection.scores import ALL, FAILURE, PROBABILITY, failure_detection
from robustbench_endo.results.schema import CLEAN
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results import Resampling, Results

FAILURE_DETECTION_NOTE = (
    "Frames are accepted in the order of their confidence (the largest class probability, mean over pixels); risk is "
    "the share of failures among the accepted frames. AURC and AUGRC are areas under risk and generalised risk by "
    "coverage, lower is better; an AUROC of 50 is chance. A severity is that of all corruptions together, the first "
    "draw of each."
)

PROMISE_NOTE = (
    "Prediction sets hold every label with enough calibrated probability. Their loss is the share of a frame's "
    "foreground pixels whose class is not in the set (masks), or that the label is not in it; risk is its mean over "
    "patients, on clean frames near the promise by construction. Broken: the interval is above the promise. Not shown: "
    "the interval reaches above it."
)

MEASURES = {
    "aurc": "AURC",
    "augrc": "AUGRC",
    "coverage_at_5_risk": "Coverage at 5 % risk",
    "risk_at_80_coverage": "Risk at 80 % coverage",
    "auroc_failures": "AUROC, failing frames",
    "auroc_corrupted": "AUROC, corrupted frames",
}
"""Measure -> its name in tables."""

_NEXT = RowKind("plain", rule="thin")


@dataclass(frozen=True)
class RiskCurves:
    """Risk by coverage of one task: model -> severity (0 is clean) -> (coverage, risk) in percent."""

    task: Task
    lines: Mapping[str, Mapping[float, tuple[Floats, Floats]]]


@dataclass(frozen=True)
class FailureDetectionReport:
    """Failure detection in a report.

    Attributes:
        tables: one per task with failures.
        curves: of the same tasks.
        promises: one table per run with calibrated models.
        definition: when a prediction has failed, in words.
        statement: what the intervals rest on.
        warnings: why promises have to be read with caution.
    """

    tables: tuple[Table, ...]
    curves: tuple[RiskCurves, ...]
    promises: tuple[Table, ...]
    definition: str
    statement: str
    warnings: tuple[str, ...] = ()

    @property
    def all_tables(self) -> list[Table]:
        """The tables and those of promises."""
        return [*self.tables, *self.promises]


def failure_detection_report(results: Results, resampling: Resampling) -> FailureDetectionReport | None:
    """The part of a report; None for a run without clean frames of every model, or without labels or failures."""
    try:
        scores = failure_detection(results, None, None, resampling, by_corruption=False, losses=(FAILURE,))
    except RunError:
        return None
    if scores.empty:
        return None
    tasks = [task for task in reversed(results.tasks) if (scores["task"] == task.name).any()]
    tables = tuple(_detection_table(results, task, scores[scores["task"] == task.name]) for task in tasks)
    curves = tuple(RiskCurves(task, risk_curves(results, task)) for task in tasks)
    promises, warning = _promises(results, resampling)
    return FailureDetectionReport(
        tables,
        curves,
        promises,
        describe_failures(results.tasks),
        str(scores.attrs.get("intervals", "")),
        (warning,) if warning else (),
    )


def _detection_table(results: Results, task: Task, scores: pd.DataFrame) -> Table:
    """Measures x models, a cell for clean, the middle and the strongest severity."""
    steps = _steps(results)
    confidences = list(dict.fromkeys(scores["confidence"]))
    rows = [
        _detection_row(results, scores, measure, PROBABILITY, steps, label, PLAIN)
        for measure, label in MEASURES.items()
    ]
    further = [name for name in confidences if name != PROBABILITY]
    rows += [
        _detection_row(results, scores, "augrc", name, steps, f"AUGRC, confidence: {name}", PLAIN if index else _NEXT)
        for index, name in enumerate(further)
    ]
    where = " → ".join(map(_at, steps))
    caption = f"{task.plural.capitalize()}: failure detection, {where} (%, {describe_sample(results)})"
    columns = model_columns(results.models)
    return Table(f"failure-detection-{task.name}", caption, "Measure", columns, tuple(rows))


def _at(severity: float) -> str:
    return CLEAN if severity == 0 else f"severity {severity:g}"


def _steps(results: Results) -> list[float]:
    """Clean, the middle and the strongest severity."""
    severities = results.severities if results.corruptions else []
    return [0, *sorted({severities[len(severities) // 2], severities[-1]})] if severities else [0]


def _detection_row(
    results: Results,
    scores: pd.DataFrame,
    measure: str,
    confidence: str,
    steps: Sequence[float],
    label: str,
    kind: RowKind,
) -> Row:
    part = scores[scores["confidence"] == confidence].set_index(["model", "severity"])
    cells = []
    for model in results.models:
        present = [severity for severity in steps if (model, severity) in part.index]
        entries = [part.loc[(model, severity)] for severity in present]
        values = [float(entry[measure]) for entry in entries]
        remarks = tuple(
            f"{_at(severity)}: interval {number(low, '%')} to {number(high, '%')}"
            for severity, entry in zip(present, entries, strict=True)
            for low, high in ((float(entry[f"{measure}_low"]), float(entry[f"{measure}_high"])),)
            if math.isfinite(low)
        )
        text = " → ".join(f"{value:.1f}" if math.isfinite(value) else MISSING for value in values) or MISSING
        cells.append(Cell(text, values[-1] if values else math.nan, remarks=remarks))
    keys = {"measure": measure, "confidence": confidence, "unit": "%"}
    condition = {"task": str(scores["task"].iloc[0]), "category": "mean", "corruption": "all"}
    return Row(kind, label, tuple(cells), keys | (condition if len(steps) > 1 else {}))


def _promises(results: Results, resampling: Resampling) -> tuple[tuple[Table, ...], str]:
    """One table of the risks by severity, and a warning; nothing for a run without calibrated models."""
    if not results.info.get("calibrations"):
        return (), ""
    table = promise(results, resampling.confidence)
    breaks = breaking_severities(table)
    severities = [0.0, *(float(each) for each in results.severities)] if results.corruptions else [0.0]
    labels = ["Promise", *("Clean" if severity == 0 else f"{severity:g}" for severity in severities)]
    conditions = [{}, *map(_condition, severities), {}]
    columns = tuple(Column(label, keys=keys) for label, keys in zip((*labels, "Breaks at"), conditions, strict=True))
    rows = [
        _promise_row(results, model, task, part, breaks, severities)
        for (model, task), part in table[table["corruption"].isin((CLEAN, ALL))].groupby(["model", "task"], sort=False)
    ]
    caption = f"Risk of prediction sets by severity, mean over corruptions (%, {describe_sample(results)})"
    table_of_risks = Table(
        "promises", caption, "Model and task", columns, tuple(rows), statement=table.attrs["intervals"]
    )
    return (table_of_risks,), str(table.attrs["warning"])


def _condition(severity: float) -> dict[str, str]:
    if severity == 0:
        return {"category": CLEAN, "corruption": CLEAN}
    return {"category": "mean", "corruption": "all", "severity": f"{severity:g}"}


def _promise_row(
    results: Results, model: str, task: str, part: pd.DataFrame, breaks: pd.DataFrame, severities: Sequence[float]
) -> Row:
    entries = part.set_index("severity")
    alpha = float(part["alpha"].iloc[0])
    cells = [Cell(f"at most {alpha:g}", alpha)]
    for severity in severities:
        if severity not in entries.index:
            cells.append(Cell(MISSING))
            continue
        cells.append(_risk_cell(entries.loc[severity]))
    cells.append(Cell(_breaks_at(part, breaks, model, task)))
    return Row(PLAIN, f"{model}, {task}", tuple(cells), {"model": model, "task": task, "unit": "%"})


def _risk_cell(entry: pd.Series) -> Cell:
    verdict, risk = str(entry["verdict"]), float(entry["risk"])
    return Cell(
        f"{risk:.1f}",
        risk,
        float(entry["low"]),
        float(entry["high"]),
        f"{number(float(entry['low']), '%')} to {number(float(entry['high']), '%')}",
        detail="" if verdict == "shown" else verdict,
        remarks=(verdict, f"{float(entry['set_size']):.2f} labels per set"),
        strong=verdict in ("broken", "void"),
    )


def _breaks_at(part: pd.DataFrame, breaks: pd.DataFrame, model: str, task: str) -> str:
    """``severity 3``, ``clean``, ``never``, or ``void``."""
    if (part["verdict"] == "void").any():
        return "void"
    if breaks.empty:
        return "clean" if (part["verdict"] == "broken").any() else MISSING
    row = breaks[(breaks["model"] == model) & (breaks["task"] == task) & (breaks["corruption"] == ALL)]
    severity = float(row["broken_from"].iloc[0])
    return "not here" if math.isnan(severity) else "clean" if severity == 0 else f"severity {severity:g}"
