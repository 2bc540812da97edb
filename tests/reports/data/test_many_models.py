"""Reports of many models detail the best of them and list all."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data import many_models
from robustbench_endo.reports.data.many_models import only_models, select_models
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.results import Resampling

NAMES = [f"model-{index:02d}" for index in range(9)]


@pytest.fixture
def run(make_run):
    return make_run(models=NAMES, corruptions=["smoke"], severities=[3], gallery=False)


def test_select_models_of_few_models_changes_nothing(run):
    assert select_models(run) == (run, None, [])


def test_select_models_of_many_details_the_best(run, monkeypatch):
    monkeypatch.setattr(many_models, "BUDGET", 1)
    detailed, every, (note,) = select_models(run)
    table = run.table(("miou",))["miou"]
    best = [name for name in table.loc[("mean", "all")].sort_values(ascending=False).index if name != NAMES[0]]
    assert set(detailed.models) == {NAMES[0], *best[:3]}
    assert detailed.models == [name for name in NAMES if name in detailed.models]
    assert [row[0] for row in every.rows] == list(table.loc[("mean", "all")].sort_values(ascending=False).index)
    assert {row[0] for row in every.rows if row[3]} == set(detailed.models)
    assert note.startswith("To limit the size of this report, it details 4 of 9 models")


def test_report_of_many_models_names_all_of_them(run, monkeypatch):
    monkeypatch.setattr(many_models, "BUDGET", 1)
    report = report_data(run, Resampling(resamples=200))
    page = html(report)
    assert len(report.models) == 4
    assert all(name in page for name in NAMES)
    assert "it details 4 of 9 models" in page


def test_only_models_keeps_records_and_entries(run):
    part = only_models(run, {NAMES[2]})
    assert part.models == [NAMES[2]]
    assert set(part.frame["model"]) == {NAMES[2]}
