"""A run in a notebook: its table with the severity curves below, readable on a light and on a dark page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from robustbench_endo.results.description import describe_data, describe_run, leading_metrics

if TYPE_CHECKING:
    from robustbench_endo.metrics.base import Metric
    from robustbench_endo.results.results import Results

MAX_FIGURE = 150_000
"""Characters of the figure: a larger one, of very many models, would make the notebook slow."""

_MISSING = "–"
_WORST_OPACITY = 0.42
_HEAT = "224,108,31"
"""Orange with this opacity at the worst score of a metric: text on it has a contrast of 4.5 on white and on black."""

_CELL = "text-align:right;font-variant-numeric:tabular-nums;padding:2px 8px"
_NO_SCORES = "<p>No scores: the frames have no labels.</p>"
_NEXT = (
    "Next: <code>.scores(intervals=True)</code>, <code>.compare()</code>, <code>.plot()</code>, "
    "<code>.to_csv(path)</code>, <code>rb.report(results, path)</code>"
)


def notebook_html(results: Results) -> str:
    """The run as HTML: headline metrics by corruption, the best model of a row in bold, and the severity curves.

    The page needs neither styles nor scripts. What cannot be computed or drawn is left out.
    """
    with suppress(Exception):  # a notebook would print a traceback instead of the run
        metrics = leading_metrics(results)
        body = _table(results, metrics) + _intervals(results) + _figure(results) if metrics else _NO_SCORES
        return f'<div style="max-width:100%"><p>{escape(describe_data(results))}</p>{body}{_line(_NEXT)}</div>'
    return f"<p>{escape(describe_run(results))}</p>"


def _table(results: Results, metrics: Sequence[Metric]) -> str:
    table = results.table([metric.name for metric in metrics])
    heat = pd.concat([_heat(table[[metric.name]], metric) for metric in metrics], axis=1)
    best = pd.concat([_best(table[[metric.name]], metric) for metric in metrics], axis=1)
    rows = "".join(
        _row(str(category), str(name), *(each.iloc[position].tolist() for each in (table, heat, best)))
        for position, (category, name) in enumerate(table.index)
    )
    style = "border-collapse:collapse;font-size:90%;margin:4px 0"
    head = _head(results.models, metrics)
    return f'<div style="overflow-x:auto"><table style="{style}">{head}<tbody>{rows}</tbody></table></div>'


def _heat(values: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """0 for the best score of a metric, 1 for the worst; NaN without a direction."""
    numbers = values.to_numpy(np.float64)
    finite = numbers[np.isfinite(numbers)]
    if metric.higher_is_better is None or not finite.size or finite.min() == finite.max():
        return values * np.nan
    share = (numbers - finite.min()) / (finite.max() - finite.min())
    return pd.DataFrame(1 - share if metric.higher_is_better else share, values.index, values.columns)


def _best(values: pd.DataFrame, metric: Metric) -> pd.DataFrame:
    """Whether a model has the best score of its row, as printed; never for a single model."""
    rounded = values.round(2)
    if metric.higher_is_better is None or values.shape[1] < 2:
        return rounded != rounded
    ends = rounded.max(axis=1) if metric.higher_is_better else rounded.min(axis=1)
    return rounded.eq(ends, axis=0)


def _head(models: Sequence[str], metrics: Sequence[Metric]) -> str:
    labels = [f"{metric.label} ({metric.unit})" if metric.unit else metric.label for metric in metrics]
    span, center = f'colspan="{len(models)}" scope="colgroup"', 'style="text-align:center;padding:2px 8px"'
    first = "".join(f"<th {span} {center}>{escape(label)}</th>" for label in labels)
    second = "".join(
        f'<th scope="col" style="{_CELL};font-weight:normal">{escape(model)}</th>' for _ in metrics for model in models
    )
    corner = '<th rowspan="2" scope="col" style="text-align:left;vertical-align:bottom;padding:2px 8px">corruption</th>'
    return f'<thead><tr>{corner}{first}</tr><tr style="border-bottom:1px solid currentColor">{second}</tr></thead>'


def _row(category: str, name: str, values: Sequence[float], heat: Sequence[float], best: Sequence[bool]) -> str:
    label = f"mean of {name}" if category == "mean" else name.replace("_", " ")
    cells = "".join(_cell(*each) for each in zip(values, heat, best, strict=True))
    weight = "bold" if category == "mean" else "normal"
    style = f"text-align:left;white-space:nowrap;padding:2px 8px;font-weight:{weight}"
    head = f'<th scope="row" style="{style}">{escape(label)}</th>'
    return f'<tr style="background:none">{head}{cells}</tr>'


def _cell(value: float, heat: float, best: bool) -> str:
    if not math.isfinite(value):
        return f'<td style="{_CELL}">{_MISSING}</td>'
    colour = f";background:rgba({_HEAT},{_WORST_OPACITY * heat:.2f})" if math.isfinite(heat) and heat else ""
    return f'<td style="{_CELL}{colour}{";font-weight:bold" if best else ""}">{value:.2f}</td>'


def _intervals(results: Results) -> str:
    """What intervals would rest on; empty where the run has no units for them."""
    with suppress(Exception):
        units = results.units()
        several = " Bold: best model of the row." if len(results.models) > 1 else ""
        text = f"Means over severities; orange: worse.{several} {units.statement} {units.warning}"
        return _line(escape(text.strip()))
    return ""


def _figure(results: Results) -> str:
    """The severity curves as SVG; empty where they cannot be drawn, such as without matplotlib."""
    with suppress(Exception):
        figure = str(results.plot.inline_svg())
        if len(figure) <= MAX_FIGURE:
            return f'<div style="overflow-x:auto"><div style="width:640px">{figure}</div></div>'
    return ""


def _line(html: str) -> str:
    return f'<p style="font-size:85%;opacity:.8;margin:4px 0">{html}</p>'
