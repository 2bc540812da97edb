"""The data of the page's script: numbers and intervals as JSON, in which every name is escaped."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import ReportEstimates
from robustbench_endo.reports.data.floors import MetricFloor
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.tables import Cell, Row
from robustbench_endo.reports.formatting import number, title
from robustbench_endo.results.schema import CLEAN


def page_data(report: ReportData) -> Markup:
    """The content of ``<script type="application/json">``: any character that HTML interprets is escaped.

    ``scores`` is metric -> panel (``mean``, then the corruptions) -> model -> ``[value, low, high]``, each by severity;
    ``null`` stands for no number. ``floors`` is metric -> name and panel -> value by severity. ``distortion`` is
    1 - image SSIM, model -> corruption -> severity.
    """
    estimates = report.estimates
    data = {
        "models": [
            {
                "name": model,
                "colour": style.index,
                "dash": [3 * length for length in style.dash],
                "marker": style.marker,
            }
            for model, style in report.styles.items()
        ],
        "severities": [0, *report.severities],
        "panels": [
            {"label": "Mean of all corruptions", "category": ""},
            *({"label": title(name), "category": title(category)} for name, category in report.categories.items()),
        ],
        "metrics": [_describe(metric) for metric in report.scores.metrics],
        "scores": {name: _scores(estimates, name) for name in report.metrics} if estimates else {},
        "floors": {name: _floor(report, floor) for name, floor in report.floors.items()},
        "summaryRows": _summary_rows(report),
        "distortion": _distortion(estimates),
        "invalid": _invalid(report),
        "settings": report.settings,
    }
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    text = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(text)  # nosec B704  # escaped in the line above


def _describe(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "label": metric.label,
        "heading": heading(metric),
        "unit": metric.unit,
        "up": metric.higher_is_better,
        "bound": metric.upper_bound,
        "decimals": len(number(0.0, metric.unit).partition(".")[2]),
    }


def _scores(estimates: ReportEstimates, name: str) -> list[Any]:
    mean, each = estimates.means[name], estimates.conditions[name]
    panels = [[mean.value, mean.low, mean.high]]
    panels += [[part[:, k] for part in (each.value, each.low, each.high)] for k in range(each.value.shape[1])]
    return [[[_numbers(part[m]) for part in panel] for m in range(len(panel[0]))] for panel in panels]


def _floor(report: ReportData, floor: MetricFloor) -> dict[str, Any]:
    """The name of a floor, and its scores: panel (``mean``, then the corruptions) -> by severity."""
    return {"name": floor.name, "panels": [_numbers(floor.panels[panel]) for panel in ("mean", *report.categories)]}


def _summary_rows(report: ReportData) -> list[dict[str, Any]]:
    """The summary rows of the table of scores: metric -> model -> [value, low, high]."""
    rows = report.scores.with_rows(summary=True).rows
    return [{"label": row.label, "scores": {name: _row(report, row, name) for name in report.metrics}} for row in rows]


def _row(report: ReportData, row: Row, name: str) -> list[list[float | None]]:
    columns = report.scores.columns
    cells = (c for c, column in zip(row.cells, columns, strict=True) if column.keys["metric"] == name)
    return [_numbers(np.array([cell.value, cell.low, cell.high])) for cell in cells]


def _distortion(estimates: ReportEstimates | None) -> list[Any]:
    if estimates is None or "image_ssim" not in estimates.conditions:
        return []
    distortion = 1 - estimates.conditions["image_ssim"].value / 100
    return [[_numbers(corruption) for corruption in model] for model in distortion]


def _invalid(report: ReportData) -> dict[str, int]:
    """Positions "model corruption severity" -> frames without a valid prediction."""
    corruptions = {name: index for index, name in enumerate(report.categories)}
    severities = {severity: index for index, severity in enumerate((0, *report.severities))}
    models = {name: index for index, name in enumerate(report.models)}
    counts: dict[str, int] = {}
    for (model, corruption, severity), count in report.n_invalid.items():
        if corruption == CLEAN:
            counts |= {f"{models[model]} {index} 0": count for index in corruptions.values()}
        elif corruption in corruptions and severity in severities:
            counts[f"{models[model]} {corruptions[corruption]} {severities[severity]}"] = count
    return counts


def _numbers(values: Floats) -> list[float | None]:
    # Nine digits are more than anything printed shows, and half the bytes of all seventeen.
    return [float(f"{value:.9g}") if math.isfinite(value) else None for value in values.tolist()]


@dataclass(frozen=True)
class Bar:
    """A number with the ends of its bar and of its interval, in percent of the width.

    Attributes:
        text: the number as printed.
        value, low, high: positions.
        colour: index in the palette.
    """

    text: str
    value: float
    low: float
    high: float
    colour: int


@dataclass(frozen=True)
class BarRow:
    """A summary row of the table of scores, with a bar per model."""

    flags: str
    label: str
    bars: tuple[Bar, ...]


def category_bars(report: ReportData) -> list[BarRow]:
    """The summary rows for the leading metric; a full bar is its upper bound, else the largest number."""
    if report.leading is None:
        return []
    metric, table = report.leading, report.scores.subset([report.leading.name]).with_rows(summary=True)
    finite = [cell.value for cell in table.cells if math.isfinite(cell.value)]
    full = metric.upper_bound or max([*finite, 0.0]) or 1.0

    def bar(cell: Cell, model: str) -> Bar:
        value, low, high = (
            min(100.0, max(0.0, 100 * part / full)) if math.isfinite(part) else 0.0
            for part in (cell.value, cell.low, cell.high)
        )
        return Bar(cell.text, round(value, 3), round(low, 3), round(high, 3), report.styles[model].index)

    return [BarRow(row.kind.flags, row.label, tuple(map(bar, row.cells, table.models))) for row in table.rows]
