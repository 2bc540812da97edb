"""The numbers that the figures of rankings and of risk by coverage draw, as the rows that the page offers as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.reports.html.json_data import Number, exact, rounded
from robustbench_endo.reports.plotting.rankings import MAX_MODELS as RANKED_MODELS
from robustbench_endo.reports.plotting.risk_coverage import MAX_MODELS, drawn_points
from robustbench_endo.results.failure_detection.scores import ALL, PROBABILITY
from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.reports.data.failure_detection import RiskCurves
    from robustbench_endo.reports.data.report_data import ReportData
    from robustbench_endo.results import Rankings

Rows = list[list[Number]]


def figure_rows(report: ReportData) -> dict[str, Rows]:
    """The name of each figure in the page -> a row of column names, as in the folder of tables, and rows of numbers."""
    rows = {}
    if report.rankings is not None:
        rows["rankings:1"] = share_rows(report.rankings.rankings)
        rows["rankings:2"] = pair_rows(report.rankings.rankings)
    curves = report.failure_detection.curves if report.failure_detection else ()
    return rows | {f"risk-coverage:{index}": risk_rows(each) for index, each in enumerate(curves, start=1)}


def share_rows(rankings: Rankings) -> Rows:
    """The share of draws of every model and rank, and the interval and the median of the rank."""
    names = rankings.models[:RANKED_MODELS]
    rows: Rows = [["metric", "model", "rank", "share", "low", "median", "high"]]
    for model in names:
        interval = [exact(float(rankings.rank_intervals.loc[model, part])) for part in ("low", "median", "high")]
        for rank in range(1, len(names) + 1):
            share = exact(float(rankings.distribution.loc[model, rank]))
            rows.append([rankings.metric, model, rank, share, *interval])
    return rows


def pair_rows(rankings: Rankings) -> Rows:
    """The test of each ordered pair of models: whether the model is better than the other."""
    names = set(rankings.models[:RANKED_MODELS])
    rows: Rows = [["metric", "model", "other", "p", "p_holm", "better"]]
    for pair in rankings.pairs.itertuples():
        if {pair.model, pair.other} <= names:
            better = "yes" if pair.better else "no"
            rows.append([rankings.metric, pair.model, pair.other, exact(pair.p), exact(pair.p_holm), better])
    return rows


def risk_rows(curves: RiskCurves) -> Rows:
    """The points of every line, in percent."""
    rows: Rows = [["model", "task", "confidence", "corruption", "severity", "coverage", "risk"]]
    for model in list(curves.lines)[:MAX_MODELS]:
        for severity, (coverage, risk) in curves.lines[model].items():
            corruption = CLEAN if severity == 0 else ALL
            rows += [
                [model, curves.task.name, PROBABILITY, corruption, severity, rounded(x), rounded(y)]
                for x, y in zip(*(part[drawn_points(part)].tolist() for part in (coverage, risk)), strict=True)
            ]
    return rows
