"""The rows of figures are the numbers that they draw."""

from __future__ import annotations

import numpy as np
import pandas as pd

from robustbench_endo.reports.html.figure_data import figure_rows


def table(rows):
    return pd.DataFrame(rows[1:], columns=rows[0])


def test_rows_of_rankings_equal_the_rankings(usual_report):
    rankings, rows = usual_report.rankings.rankings, figure_rows(usual_report)
    shares = table(rows["rankings:1"]).pivot(index="model", columns="rank", values="share").loc[rankings.models]
    assert np.array_equal(shares.astype(float), rankings.distribution.loc[rankings.models], equal_nan=True)
    pairs = table(rows["rankings:2"])
    assert pairs["p_holm"].tolist() == rankings.pairs["p_holm"].tolist()
    assert (pairs["better"] == "yes").tolist() == rankings.pairs["better"].tolist()


def test_rows_of_risk_end_with_the_share_of_failures(usual_report, usual_run):
    curves = usual_report.failure_detection.curves
    rows = table(figure_rows(usual_report)["risk-coverage:1"])
    assert set(rows["task"]) == {curves[0].task.name}
    last = rows[rows["coverage"] == 100].set_index(["model", "corruption", "severity"])["risk"]
    names = ["model", "task", "loss", "confidence", "corruption", "severity"]
    detection = usual_run.failure_detection(by_corruption=False).set_index(names)
    for model in usual_run.models:
        failed = detection.loc[model, curves[0].task.name, "failure", "probability", "all", 5]
        assert np.isclose(last[model, "all", 5], 100 * failed["failures"] / failed["frames"])
