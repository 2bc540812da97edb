"""Bars of the means of each category."""

from __future__ import annotations

import math

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.bars import category_bars
from robustbench_endo.results import Resampling

QUICK = Resampling(resamples=200)


def test_category_bars_are_summary_rows_of_leading_metric(usual_run, usual_report):
    rows = category_bars(usual_report)
    assert [row.label for row in rows] == ["Clean", "Noise", "Blur", "Occlusion", "Digital", "Mean of all corruptions"]
    table = usual_run.table(("miou",), QUICK)["miou"]
    for bar, model in zip(rows[1].bars, usual_run.models, strict=True):
        number = table.loc[("mean", "noise"), (model, "value")]
        assert bar.text == f"{number:.2f}"
        assert math.isclose(bar.value, number, abs_tol=1e-3)
        assert 0 <= bar.low <= bar.value <= bar.high <= 100
        assert bar.colour == usual_report.styles[model].index


def test_category_bars_are_empty_without_scores(make_run, unscored):
    results = make_run(corruptions=["smoke"], severities=[1], gallery=False, edit=unscored)
    report = report_data(results, QUICK)
    assert report.leading is None or all(bar.value == 0 for row in category_bars(report) for bar in row.bars)
