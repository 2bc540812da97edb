"""What the script of the page draws from: numbers and intervals as JSON that no name can break out of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from robustbench_endo.reports.data.estimates import Measured
from robustbench_endo.reports.data.metrics import heading, leading_metric_of, metric
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.table import Cell, Row
from robustbench_endo.reports.formatting import number, title
from robustbench_endo.results.metric_info import MetricInfo

Floats = NDArray[np.float64]


def page_data(c: ReportData) -> Markup:
    """The content of ``<script type="application/json">``: any character that HTML knows is escaped.

    ``scores`` is metric -> panel (``mean``, then the corruptions) -> model -> ``[value, low, high]``, each by severity;
    ``null`` stands for no number. ``distortion`` is 1 - image SSIM, model -> corruption -> severity.
    """
    data = {
        "models": [
            {
                "name": model,
                "colour": style.index,
                "dash": [3 * length for length in style.dash],
                "marker": style.marker,
            }
            for model, style in c.styles.items()
        ],
        "severities": [0, *c.severities],
        "panels": [
            {"label": "Mean of all corruptions", "category": ""},
            *({"label": title(name), "category": title(category)} for name, category in c.categories.items()),
        ],
        "metrics": [_described(metric(name)) for name in c.metrics],
        "leading": leading_metric_of(c.metrics),
        "scores": {name: _scores(c.measured, name) for name in c.metrics} if c.measured else {},
        "categories": _groups(c),
        "distortion": _distortion(c.measured),
        "lost": _lost(c),
    }
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _described(quantity: MetricInfo) -> dict[str, Any]:
    decimals = len(number(0.0, quantity.unit).partition(".")[2])
    return {
        "name": quantity.name,
        "label": quantity.label,
        "heading": heading(quantity),
        "unit": quantity.unit,
        "up": quantity.higher_is_better,
        "share": quantity.unit == "%" and quantity.scale == 100,
        "decimals": decimals,
    }


def _scores(measured: Measured, name: str) -> list[Any]:
    mean, each = measured.means[name], measured.conditions[name]
    panels = [[mean.value, mean.low, mean.high]]
    panels += [[part[:, k] for part in (each.value, each.low, each.high)] for k in range(each.value.shape[1])]
    return [[[_numbers(part[m]) for part in panel] for m in range(len(panel[0]))] for panel in panels]


def _groups(c: ReportData) -> list[dict[str, Any]]:
    """The rows of the table that are clean or means: label, kind and metric -> model -> [value, low, high]."""
    return [
        {"label": row.label, "kind": row.kind, "scores": {name: _row(c, row, name) for name in c.metrics}}
        for row in c.table.rows
        if row.kind != "corruption"
    ]


def _row(c: ReportData, row: Row, name: str) -> list[list[float | None]]:
    cells = (cell for cell, column in zip(row.cells, c.table.columns, strict=True) if column.metric.name == name)
    return [_numbers(np.array([cell.value, cell.low, cell.high])) for cell in cells]


def _distortion(measured: Measured | None) -> list[Any]:
    if measured is None or "image_ssim" not in measured.conditions:
        return []
    distortion = 1 - measured.conditions["image_ssim"].value / 100
    return [[_numbers(corruption) for corruption in model] for model in distortion]


def _lost(c: ReportData) -> dict[str, int]:
    places = {name: place for place, name in enumerate(c.categories)}
    severities = {severity: place for place, severity in enumerate((0, *c.severities))}
    models = {name: place for place, name in enumerate(c.models)}
    lost: Mapping[tuple[str, str, int], int] = c.lost_conditions
    found: dict[str, int] = {}
    for (model, corruption, severity), count in lost.items():
        if corruption == "clean":
            found |= {f"{models[model]} {place} 0": count for place in places.values()}
        elif corruption in places and severity in severities:
            found[f"{models[model]} {places[corruption]} {severities[severity]}"] = count
    return found


def _numbers(values: Floats) -> list[float | None]:
    # Nine digits: more than anything printed shows, half the bytes of all seventeen.
    return [float(f"{value:.9g}") if math.isfinite(value) else None for value in values.tolist()]


@dataclass(frozen=True)
class Bar:
    """A number with the places of its bar and of its interval, in percent of the width; ``colour`` of the palette."""

    text: str
    value: float
    low: float
    high: float
    colour: int


@dataclass(frozen=True)
class BarRow:
    """Clean frames or the mean of a category, a bar a model."""

    kind: str
    label: str
    bars: tuple[Bar, ...]


def group_bars(c: ReportData, name: str) -> list[BarRow]:
    """The rows of the table that are clean or means, for one metric; a full bar is 100 %, else the largest number."""
    rows = [row for row in c.table.rows if row.kind != "corruption"]
    places = [place for place, column in enumerate(c.table.columns) if column.metric.name == name]
    quantity = metric(name)
    known = [row.cells[place].value for row in rows for place in places if math.isfinite(row.cells[place].value)]
    top = 100.0 if quantity.unit == "%" and quantity.scale == 100 else max([*known, 0.0]) or 1.0

    def bar(cell: Cell, model: str) -> Bar:
        value, low, high = (
            min(100.0, max(0.0, 100 * part / top)) if math.isfinite(part) else 0.0
            for part in (cell.value, cell.low, cell.high)
        )
        return Bar(cell.text, round(value, 3), round(low, 3), round(high, 3), c.styles[model].index)

    return [
        BarRow(
            row.kind,
            row.label,
            tuple(bar(row.cells[place], c.table.columns[place].model) for place in places),
        )
        for row in rows
    ]


def calibration_rows(c: ReportData) -> list[tuple[str, list[tuple[str, str]]]]:
    """(calibration error, (clean, mean of all corruptions) of each model as printed) of each task that has one."""
    clean = next(row for row in c.table.rows if row.kind == "clean")
    mean = next(row for row in c.table.rows if row.kind == "mean")
    return [
        (
            f"{metric(name).label} (%)",
            [
                (clean.cells[place].text, mean.cells[place].text)
                for place, column in enumerate(c.table.columns)
                if column.metric.name == name
            ],
        )
        for name in ("segmentation_ece", "ece")
        if name in c.metrics
    ]


def told(cell: Cell, row: Row) -> list[str]:
    """What a cell of the table tells on demand: its interval, the published number, whether it was trained on."""
    found = [f"interval {cell.ends}"] if cell.ends else []
    found += [f"paper {cell.published}"] if cell.published else []
    if cell.seen:
        found.append("seen in training" if row.kind == "corruption" else "partly seen in training")
    if not math.isfinite(cell.value):
        found.append("not run, or not defined here")
    return found
