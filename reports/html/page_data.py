"""The data of the page's script: every number of the page, in an order that the script and a check can follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from markupsafe import Markup

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.estimates import ReportEstimates
from robustbench_endo.reports.data.floors import MetricFloor
from robustbench_endo.reports.data.frames import ConditionFrames
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.report_data import ReportData
from robustbench_endo.reports.data.tables import Row
from robustbench_endo.reports.formatting import number, title
from robustbench_endo.reports.html.figure_data import figure_rows
from robustbench_endo.reports.html.json_data import (
    Number,
    exact,
    exact_list,
    plain,
    rounded_list,
    script_text,
    table_data,
    tables_of,
)
from robustbench_endo.results.estimates import Estimate
from robustbench_endo.results.schema import CLEAN

MAX_SELECTED = 10
"""Models that the page shows at first; the others can be selected."""

MEAN = "Mean of all corruptions"
_ELSEWHERE = {"scores", "overview"}
"""Tables that are stored as ``rows`` and ``table``, or are no part of the page."""


def page_data(report: ReportData) -> Markup:
    """The content of ``<script type="application/json">``."""
    return script_text(page_values(report))


def page_values(report: ReportData) -> dict[str, Any]:
    """Every number of the page.

    ``panels`` are the mean, the categories and the corruptions. ``scores`` is metric -> panel -> model ->
    ``[value, low, high]``, each by severity; ``null`` stands for no number. ``floors`` is metric -> name, panel ->
    value by severity, and value of each row. ``rows`` are the rows of the table of scores, ``table`` is metric ->
    row -> model -> ``[value, low, high]``. ``distortion`` is 1 - image SSIM, model -> corruption -> severity.
    ``frames`` has the worst, median and best frame of each condition, ``figures`` the numbers of figures that are
    drawn beforehand, ``tables`` every other table by its name, and ``settings`` those from which all of it can be
    recomputed.
    """
    estimates = report.estimates
    return {
        "name": report.name,
        "settings": plain(report.settings),
        "summary": plain(report.summary),
        "models": _models(report),
        "severities": [0, *report.severities],
        "panels": _panels(report),
        "tasks": [{"name": name, "title": words} for name, words in report.tasks.items()],
        "metrics": [_describe(metric, report) for metric in report.scores.metrics],
        "selected": selected_models(report),
        "headline": list(report.headline),
        "leading": report.leading.name if report.leading else None,
        "scores": {name: _scores(estimates, name) for name in report.metrics} if estimates else {},
        "floors": {name: _floor(report, floor) for name, floor in report.floors.items()},
        "rows": [_row(report, row) for row in report.scores.rows],
        "table": {name: [_row_numbers(report, row, name) for row in report.scores.rows] for name in report.metrics},
        "published": _published(report),
        "distortion": _distortion(estimates),
        "invalid": _invalid(report),
        "frames": [_frames(report, part) for part in report.frames],
        "thumbnails": _thumbnails(report),
        "reliability": list(_reliability(report)),
        "figures": figure_rows(report),
        "tables": tables_by_name(report),
    }


def selected_models(report: ReportData) -> list[int]:
    """Positions of the models that the page shows at first: all, or the first of the run and the best by the mean."""
    if len(report.models) <= MAX_SELECTED or report.leading is None or report.estimates is None:
        return list(range(len(report.models)))
    metric = report.leading
    means = report.estimates.means[metric.name].value[:, 1:].mean(axis=1)
    order = np.argsort(means if metric.higher_is_better is False else -means, kind="stable").tolist()
    return sorted([0, *[index for index in order if index != 0][: MAX_SELECTED - 1]])


def tables_by_name(report: ReportData) -> dict[str, Any]:
    """Every table of the page but that of the scores; of two with one name the first."""
    tables: dict[str, Any] = {}
    for table in tables_of(report):
        if table.name not in tables and table.name not in _ELSEWHERE:
            tables[table.name] = table_data(table)
    return tables


def _models(report: ReportData) -> list[dict[str, Any]]:
    trained = {
        column.model: [position for position, row in enumerate(report.scores.rows) if row.cells[index].trained_on]
        for index, column in enumerate(report.scores.columns)
    }
    return [
        {
            "name": model,
            "colour": style.index,
            "dash": [3 * length for length in style.dash],
            "marker": style.marker,
            "trained": trained.get(model, []),
        }
        for model, style in report.styles.items()
    ]


def _panels(report: ReportData) -> list[dict[str, Any]]:
    def panel(kind: str, name: str, label: str, category: str = "") -> dict[str, Any]:
        return {"kind": kind, "name": name, "label": label, "category": category}

    return [
        panel("all", "mean", MEAN),
        *(panel("category", name, title(name), name) for name in dict.fromkeys(report.categories.values())),
        *(
            panel("corruption", name, title(name), category)
            | ({"plausible": report.plausible[name]} if name in report.plausible else {})
            for name, category in report.categories.items()
        ),
    ]


def _describe(metric: Metric, report: ReportData) -> dict[str, Any]:
    return {
        "name": metric.name,
        "label": metric.label,
        "heading": heading(metric),
        "unit": metric.unit,
        "up": metric.higher_is_better,
        "bound": metric.upper_bound,
        "decimals": len(number(0.0, metric.unit).partition(".")[2]),
        "task": metric.task if metric.task in report.tasks else "",
    }


def _scores(estimates: ReportEstimates, name: str) -> list[Any]:
    mean, groups, each = (part[name] for part in (estimates.means, estimates.categories, estimates.conditions))
    panels = [_panel_numbers(mean)]
    for estimate in (groups, each):
        panels += [_panel_numbers(estimate, k) for k in range(estimate.value.shape[1])]
    return panels


def _panel_numbers(estimate: Estimate, position: int | None = None) -> list[Any]:
    parts = (estimate.value, estimate.low, estimate.high)
    value, low, high = parts if position is None else (part[:, position] for part in parts)
    return [[exact_list(value[m]), rounded_list(low[m]), rounded_list(high[m])] for m in range(len(value))]


def _floor(report: ReportData, floor: MetricFloor) -> dict[str, Any]:
    """The name of a floor, its scores by panel and severity, and those of the rows of the table of scores."""
    of = {name: floor.panels[name] for name in report.categories}
    categories = dict.fromkeys(report.categories.values())
    means: list[Floats] = [
        np.mean([of[name] for name, its in report.categories.items() if its == category], axis=0)
        for category in categories
    ]
    keys = [(row.keys["category"], row.keys["corruption"]) for row in report.scores.rows]
    return {
        "name": floor.name,
        "panels": [exact_list(values) for values in (floor.panels["mean"], *means, *of.values())],
        "rows": [exact(floor.rows.get(key, float("nan"))) for key in keys],
    }


def _row(report: ReportData, row: Row) -> dict[str, Any]:
    """A row of the table of scores, and the panel that has its numbers at a single severity; None without one."""
    category, corruption = row.keys["category"], row.keys["corruption"]
    groups = list(dict.fromkeys(report.categories.values()))
    panel = None
    if row.kind.name == "clean" or (category, corruption) == ("mean", "all"):
        panel = 0
    elif category == "mean" and corruption in groups:
        panel = 1 + groups.index(corruption)
    elif report.categories.get(corruption) == category:
        panel = 1 + len(groups) + list(report.categories).index(corruption)
    return {
        "label": row.label,
        "suffix": row.kind.suffix,
        "kind": row.kind.name,
        "flags": row.kind.flags,
        "group": row.kind.sort_group,
        "sortable": row.kind.sortable,
        "panel": panel,
        "category": category,
        "corruption": corruption,
    }


def _row_numbers(report: ReportData, row: Row, name: str) -> list[list[Number]]:
    columns = report.scores.columns
    cells = (c for c, column in zip(row.cells, columns, strict=True) if column.keys["metric"] == name)
    return [[exact(cell.value), *rounded_list(np.array([cell.low, cell.high]))] for cell in cells]


def _published(report: ReportData) -> dict[str, dict[str, str]]:
    """Metric -> "row model" -> published number as printed."""
    published: dict[str, dict[str, str]] = {}
    models = {name: index for index, name in enumerate(report.models)}
    for index, row in enumerate(report.scores.rows):
        for cell, column in zip(row.cells, report.scores.columns, strict=True):
            if cell.published and column.model is not None:
                published.setdefault(column.keys["metric"], {})[f"{index} {models[column.model]}"] = cell.published
    return published


def _distortion(estimates: ReportEstimates | None) -> list[Any]:
    if estimates is None or "image_ssim" not in estimates.conditions:
        return []
    distortion = 1 - estimates.conditions["image_ssim"].value / 100
    return [[exact_list(corruption) for corruption in model] for model in distortion]


def _positions(report: ReportData, conditions: Iterator[tuple[str, str, float]]) -> dict[tuple[str, str, float], str]:
    """Condition -> "model corruption severity" as positions; clean has corruption -1."""
    corruptions = {name: index for index, name in enumerate(report.categories)}
    severities = {severity: index for index, severity in enumerate((0, *report.severities))}
    models = {name: index for index, name in enumerate(report.models)}
    return {
        (model, name, severity): f"{models[model]} {-1 if name == CLEAN else corruptions[name]} {severities[severity]}"
        for model, name, severity in conditions
        if model in models and severity in severities and (name == CLEAN or name in corruptions)
    }


def _invalid(report: ReportData) -> dict[str, int]:
    """Condition -> frames without a valid prediction."""
    counts = report.n_invalid
    return {key: counts[condition] for condition, key in _positions(report, iter(counts)).items()}


def _frames(report: ReportData, part: ConditionFrames) -> dict[str, Any]:
    """Condition -> ``[position of the id, score]`` of the worst, the median and the best frame."""
    keys = _positions(report, iter(part.frames))
    ids = {name: index for index, name in enumerate(sorted({f.image_id for k in keys for f in part.frames[k]}))}
    return {
        "task": part.task,
        "label": part.label,
        "unit": part.unit,
        "up": part.higher_is_better,
        "ids": list(ids),
        "cells": {
            key: [[ids[frame.image_id], *rounded_list(np.array([frame.score]))] for frame in part.frames[condition]]
            for condition, key in keys.items()
        },
    }


def _thumbnails(report: ReportData) -> list[dict[str, Any]]:
    """What the run stored of each condition: the frame and its score by model, in percent."""
    conditions = ((report.models[0], frame.corruption, frame.severity) for frame in report.thumbnails)
    keys = _positions(report, conditions)
    return [
        {
            "condition": keys[report.models[0], frame.corruption, frame.severity].partition(" ")[2],
            "kind": frame.kind,
            "rank": frame.rank,
            "id": frame.image_id,
            "scores": rounded_list(np.array([100 * frame.scores.get(model, np.nan) for model in report.models])),
        }
        for frame in report.thumbnails
        if (report.models[0], frame.corruption, frame.severity) in keys
    ]


def _reliability(report: ReportData) -> Iterator[dict[str, Any]]:
    """The bins of each reliability diagram: model -> confidence, accuracy, predictions and frames by bin."""
    for bins in report.reliability:
        for name, lines in bins.by_frames.items():
            numbers = [
                [rounded_list(part) for part in (line.confidence, line.accuracy, line.count, line.frames)]
                for line in lines.values()
            ]
            yield {"task": bins.task.name, "frames": name, "models": numbers}
