"""Comparison tables equal the comparison of the results."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.comparison import detailed_difference_table, pairwise_comparison
from robustbench_endo.results import Resampling, compare

BASELINE = "tiny-resnet/mmoe"
SETTINGS = Resampling(resamples=200)


@pytest.fixture(scope="module")
def part(usual_run):
    return pairwise_comparison(usual_run, ["accuracy", "miou", "image_psnr"], BASELINE, SETTINGS)


@pytest.fixture(scope="module")
def comparison(usual_run):
    return compare(usual_run, ["accuracy", "miou"], BASELINE, SETTINGS)


def test_pairwise_comparison_uses_metrics_with_a_direction(part, usual_run):
    assert [by_metric.metric.name for by_metric in part.by_metric] == ["accuracy", "miou"]
    assert part.baseline == BASELINE
    assert set(part.models) == set(usual_run.models) - {BASELINE}


def test_pairwise_comparison_differences_equal_the_results(part, comparison):
    records = comparison.differences[comparison.differences["metric"] == "miou"]
    records = records.set_index(["category", "corruption", "model"]).sort_index()
    smoke = next(row for row in part.by_metric[1].differences.rows if row.label == "Smoke")
    for model, cell in zip(part.models, smoke.cells, strict=True):
        record = records.loc[("occlusion", "smoke", model)]
        assert cell.value == pytest.approx(record["difference"])
        assert (cell.low, cell.high) == pytest.approx((record["low"], record["high"]))
        assert cell.verdict in ("", "better", "worse")
        assert bool(cell.verdict) == (record["p_holm"] < 0.05)


def test_pairwise_comparison_ranks_equal_the_results(part, comparison):
    ranks = comparison.ranks[comparison.ranks["metric"] == "miou"]
    table = part.by_metric[1].ranks
    assert {row.label: row.cells[0].value for row in table.rows} == dict(
        zip(ranks["model"], ranks["rank"], strict=True)
    )


def test_pairwise_comparison_needs_two_models_and_a_directed_metric(make_run, usual_run):
    one = make_run(models=["only"], corruptions=["smoke"], gallery=False)
    assert pairwise_comparison(one, ["miou"], "only", SETTINGS) is None
    assert pairwise_comparison(usual_run, ["image_psnr"], BASELINE, SETTINGS) is None


def test_detailed_difference_table_holds_both_scores(comparison, usual_run):
    metric = usual_run.metric("miou")
    model = usual_run.models[0]
    table = detailed_difference_table(comparison, metric, model)
    scores = usual_run.table(("miou",))["miou"]
    clean = table.rows[0]
    assert [cell.text for cell in clean.cells[:2]] == [
        f"{scores.loc[('clean', 'clean'), name]:.2f}" for name in (model, BASELINE)
    ]
    assert [column.label for column in table.columns] == ["model", "baseline", "difference", "interval", "p"]
