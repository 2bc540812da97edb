"""The report data hold every part of a run, and nothing where a run has none."""

from __future__ import annotations

import pandas as pd

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.results import Resampling

SETTINGS = Resampling(resamples=200)


def test_report_data_has_all_parts(usual_run, usual_report):
    assert usual_report.name == "synthetic"
    assert usual_report.day == "2025-03-04"
    assert usual_report.models == usual_run.models
    assert [block.metric.name for block in usual_report.curves] == ["miou", "accuracy"]
    assert usual_report.leading.name == "miou"
    assert [table.name for table in usual_report.labels] == [f"labels-dice-{number}" for number in (1, 2, 3)]
    assert usual_report.envelope.metric.name == "dice_worst_class"
    assert usual_report.floors["miou"].name == "background everywhere"
    assert usual_report.comparison.baseline == usual_report.models[0]
    assert usual_report.first_model in usual_report.summary.models
    assert len(usual_report.galleries) == 1
    assert len(usual_report.drops) == 12
    assert usual_report.n_failed == "0 frames"
    assert usual_report.n_invalid == {}


def test_report_data_of_a_run_without_scores_has_no_numbers(make_run, unscored):
    report = report_data(make_run(corruptions=["smoke"], severities=[1], gallery=False, edit=unscored))
    assert report.metrics == []
    assert report.estimates is report.envelope is report.comparison is report.by_subject is None
    assert report.curves == report.labels == report.galleries == []


def test_report_data_of_a_trained_model_is_marked_on_the_page(make_run):
    def trained(frame, info):
        info["models"][0]["trained_on"] = ["smoke", "a corruption of another suite"]

    results = make_run(corruptions=["smoke", "contrast"], gallery=False, edit=trained)
    report = report_data(results, SETTINGS)
    page = html(report)
    assert "Mean of held-out corruptions" in page
    assert "tiny-resnet/dselect_k was trained on smoke" in page
    # Smoke and the mean of its category, which has no other corruption.
    assert page.count("; trained on it") == 2 * len(report.headline)


def test_report_data_with_published_numbers_is_shown_on_the_page(make_run):
    results = make_run(corruptions=["smoke", "contrast"], gallery=False)
    columns = pd.MultiIndex.from_tuples([("miou", results.models[1])], names=["metric", "model"])
    published = pd.DataFrame([[61.239]], index=pd.MultiIndex.from_tuples([("occlusion", "smoke")]), columns=columns)
    page = html(report_data(results, SETTINGS, published))
    assert '<small class="published"> published 61.24</small>' in page
    assert "Published numbers are those of the paper." in page
