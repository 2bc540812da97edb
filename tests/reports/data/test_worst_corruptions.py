"""The worst corruptions over all models, with the interval of their mean and the floor."""

from __future__ import annotations

import numpy as np

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.data.worst_corruptions import N_WORST
from robustbench_endo.results import Resampling


def test_worst_corruptions_are_those_with_the_lowest_mean_of_the_models(usual_run, usual_report):
    table = usual_run.table(("miou",))["miou"].drop(["mean", "clean"], level="category")
    lowest = table.mean(axis=1).nsmallest(N_WORST)
    worst = usual_report.first.worst
    assert [row.keys["corruption"] for row in worst.rows] == [name for _, name in lowest.index]
    parts = [column.keys["part"] for column in worst.columns]
    for row, (key, mean) in zip(worst.rows, lowest.items(), strict=True):
        cells = dict(zip(parts, row.cells, strict=True))
        np.testing.assert_allclose(cells["mean"].value, mean)
        assert cells["mean"].low < mean < cells["mean"].high
        assert cells["lowest"].detail == table.loc[key].idxmin()
        assert cells["highest"].detail == table.loc[key].idxmax()
        assert cells["change"].text.startswith("\N{MINUS SIGN}")


def test_worst_corruptions_of_one_model_have_the_interval_of_its_score(make_run):
    run = make_run(models=["only"], corruptions=["smoke", "contrast"], severities=[1, 3], gallery=False)
    settings = Resampling(resamples=200)
    table = run.table(("miou",), settings)["miou"]["only"]
    for row in report_data(run, settings).first.worst.rows:
        value, low, high = table.loc[(row.keys["category"], row.keys["corruption"])]
        np.testing.assert_allclose([row.cells[0].value, row.cells[0].low, row.cells[0].high], [value, low, high])
