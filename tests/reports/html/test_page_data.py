"""The data of the page's script."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page_data import category_bars, page_data
from robustbench_endo.results import Resampling

QUICK = Resampling(resamples=200)


def test_page_data_escapes_names_for_html(make_run):
    results = make_run(models=["</script><b>&", "b"], corruptions=["smoke"], severities=[1], gallery=False)
    text = str(page_data(report_data(results, QUICK)))
    assert not set(text) & set("<>&")
    assert json.loads(text)["models"][0]["name"] == "</script><b>&"


def test_page_data_summary_rows_equal_table(usual_run, usual_report):
    rows = {row["label"]: row["scores"]["dice"] for row in json.loads(page_data(usual_report))["summaryRows"]}
    table = usual_run.table(("dice",), QUICK)["dice"]
    for label, key in (("Clean", ("clean", "clean")), ("Blur", ("mean", "blur"))):
        for model, numbers in zip(usual_run.models, rows[label], strict=True):
            assert numbers == pytest.approx([table.loc[key, (model, part)] for part in ("value", "low", "high")])


def test_page_data_has_the_floors(usual_run, usual_report):
    floors = json.loads(page_data(usual_report))["floors"]
    assert floors["miou"]["name"] == "background everywhere"
    assert len(floors["miou"]["panels"]) == 1 + len(usual_run.corruptions)
    values = usual_run.floor("miou")[1].point.with_clean()[0, 0]
    np.testing.assert_allclose(floors["miou"]["panels"][1:], values)
    assert "image_ssim" not in floors


def test_page_data_null_stands_for_no_number(make_run):
    def drop(frame, info):
        return frame[~((frame["corruption"] == "smoke") & (frame["severity"] == 3))]

    results = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], gallery=False, edit=drop)
    data = json.loads(page_data(report_data(results, QUICK)))
    value, low, high = data["scores"]["miou"][1][0]
    assert data["severities"] == [0, 1, 3]
    assert [number is None for number in value] == [False, False, True]
    assert low[2] is high[2] is None


def test_page_data_counts_invalid_predictions(make_run):
    def invalidate(frame, info):
        affected = (frame["model"] == "b") & (frame["corruption"] == "smoke") & (frame["severity"] == 3)
        frame.loc[affected, [name for name in frame if name.endswith("_confidence")]] = np.nan
        frame.loc[affected, "activity_prediction"] = -1

    results = make_run(
        models=["a", "b"], corruptions=["contrast", "smoke"], severities=[1, 3], gallery=False, edit=invalidate
    )
    assert json.loads(page_data(report_data(results, QUICK)))["invalid"] == {"1 1 2": 6}


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
