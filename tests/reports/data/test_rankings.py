"""The rankings of a report: their tables agree with ``results.rankings``."""

import pytest

from robustbench_endo.reports.data.comparison import compare_models
from robustbench_endo.reports.data.rankings import rank_rows, ranking_report
from robustbench_endo.results import Resampling
from robustbench_endo.results.rankings.rank_methods import METHODS


@pytest.fixture(scope="module")
def report(usual_run):
    return ranking_report(usual_run, Resampling())


def test_ranks_and_tau_are_those_of_the_rankings(usual_run, report):
    rankings = usual_run.rankings("miou")
    assert report.metric.name == "miou"
    *models, tau = report.ranks.rows
    assert [row.label for row in models] == rankings.models
    for row in models:
        assert [cell.value for cell in row.cells] == rankings.ranks.loc[row.label].tolist()
    assert [cell.value for cell in tau.cells] == pytest.approx(rankings.methods.loc["mean"].tolist(), nan_ok=True)
    assert [column.label for column in report.ranks.columns] == [method.label for method in METHODS.values()]


def test_interval_of_ranks_is_printed_where_it_is_open(report):
    intervals = report.rankings.rank_intervals
    for row in report.ranks.rows[:-1]:
        low, high = intervals.loc[row.label, ["low", "high"]]
        assert ("to" in row.cells[0].text) == (low < high)


def test_groups_are_a_triangle_with_intervals(report):
    groups = report.groups
    assert [row.label for row in groups.rows] == ["Blur", "Occlusion", "Digital"]
    assert [column.label for column in groups.columns] == ["Noise", "Blur", "Occlusion"]
    filled = [[bool(cell.text) for cell in row.cells] for row in groups.rows]
    assert filled == [[True, False, False], [True, True, False], [True, True, True]]
    tau = report.rankings.groups.set_index(["group", "other"]).loc[("noise", "blur")]
    assert groups.rows[0].cells[0].value == tau["tau"]


def test_known_comparison_gives_the_same_rankings(usual_run, report):
    comparison = compare_models(usual_run, ["miou"], Resampling())
    again = ranking_report(usual_run, Resampling(), comparison)
    assert again.rankings.pairs.equals(report.rankings.pairs)


def test_rows_have_value_and_rank(usual_run, report):
    rows = rank_rows(usual_run)
    assert list(rows) == ["metric", "model", "method", "value", "rank"]
    assert len(rows) == len(METHODS) * 3
    worst = rows[rows["method"] == "worst_case"].set_index("model")["rank"]
    assert worst.to_dict() == report.rankings.ranks["worst_case"].to_dict()


def test_no_rankings_of_a_single_model(make_run):
    single = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False)
    assert ranking_report(single, Resampling()) is None
    assert rank_rows(single) is None


def test_no_rankings_without_scores(make_run, unscored):
    run = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1], gallery=False, edit=unscored)
    assert ranking_report(run, Resampling()) is None


def test_one_category_has_no_agreement(make_run):
    run = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1], gallery=False)
    report = ranking_report(run, Resampling())
    assert report.groups is None
    assert report.tables == [report.ranks]
