"""Comparison tables equal the comparison of the results."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.comparison import (
    compare_models,
    comparison_report,
    detailed_difference_table,
    pair_table,
    verdict,
)
from robustbench_endo.results import Resampling, compare

BASELINE = "tiny-resnet/mmoe"
SETTINGS = Resampling()


@pytest.fixture(scope="module")
def part(usual_run):
    return comparison_report(
        compare_models(usual_run, ["accuracy", "miou", "image_psnr"], SETTINGS, BASELINE), usual_run
    )


@pytest.fixture(scope="module")
def comparison(usual_run):
    return compare(usual_run, ["accuracy", "miou"], BASELINE, SETTINGS)


def test_compare_models_uses_metrics_with_a_direction(part, usual_run):
    assert [by_metric.metric.name for by_metric in part.by_metric] == ["accuracy", "miou"]
    assert part.baseline == BASELINE
    assert set(part.models) == set(usual_run.models) - {BASELINE}


def test_comparison_report_differences_equal_the_results(part, comparison):
    records = comparison.differences[comparison.differences["metric"] == "miou"]
    records = records.set_index(["category", "corruption", "model"]).sort_index()
    smoke = next(row for row in part.by_metric[1].differences.rows if row.label == "Smoke")
    for model, cell in zip(part.models, smoke.cells, strict=True):
        record = records.loc[("occlusion", "smoke", model)]
        assert cell.value == pytest.approx(record["difference"])
        assert (cell.low, cell.high) == pytest.approx((record["low"], record["high"]))
        assert cell.verdict in ("", "better", "worse")
        assert bool(cell.verdict) == (record["p_adjusted"] <= 0.05)


def test_comparison_report_ranks_equal_the_results(part, comparison):
    ranks = comparison.ranks[comparison.ranks["metric"] == "miou"]
    table = part.by_metric[1].ranks
    assert {row.label: row.cells[0].value for row in table.rows} == dict(
        zip(ranks["model"], ranks["rank"], strict=True)
    )


def test_compare_models_needs_two_models_and_a_directed_metric(make_run, usual_run):
    one = make_run(models=["only"], corruptions=["smoke"], gallery=False)
    assert compare_models(one, ["miou"], SETTINGS) is None
    assert compare_models(usual_run, ["image_psnr"], SETTINGS) is None


def test_detailed_difference_table_holds_both_scores(comparison, usual_run):
    metric = usual_run.metric("miou")
    model = usual_run.models[0]
    table = detailed_difference_table(comparison, metric, model)
    scores = usual_run.table(("miou",))["miou"]
    clean = table.rows[0]
    assert [cell.text for cell in clean.cells[:2]] == [
        f"{scores.loc[('clean', 'clean'), name]:.2f}" for name in (model, BASELINE)
    ]
    assert [column.label for column in table.columns] == [
        "model",
        "baseline",
        "pooled",
        "difference",
        "interval",
        "p",
    ]


def test_verdict_names_a_winner_only_where_every_pair_is_significant(make_run):
    def better(frame, info):
        frame.loc[frame["model"] == info["models"][0]["name"], "iou_mean"] = 0.99
        frame["subject_id"] = frame["image_id"]

    run = make_run(gallery=False, frames=12, edit=better)
    metric = run.metric("miou_per_image")
    comparison = compare(run, [metric.name])
    assert verdict(comparison, metric).startswith(f"{run.models[0]} has a better mIoU per frame than every other model")


def test_verdict_names_no_winner_of_one_patient(make_run):
    def one_patient(frame, info):
        frame.loc[frame["model"] == info["models"][0]["name"], "iou_mean"] = 0.99
        frame["subject_id"] = "OP1"

    run = make_run(gallery=False, edit=one_patient)
    metric = run.metric("miou_per_image")
    text = verdict(compare(run, [metric.name]), metric)
    assert "are not distinguishable by mIoU per frame" in text
    assert all(model in text for model in run.models)


def test_verdict_of_two_models_gives_their_difference(make_run):
    run = make_run(gallery=False, models=["a", "b"])
    metric = run.metric("miou")
    comparison = compare(run, ["miou"])
    pair = pair_table(comparison, metric).rows[0]
    assert pair.label == "a - b"
    text = verdict(comparison, metric)
    assert text.startswith("a and b are not distinguishable by mIoU (a - b, mean over subjects: ")
    assert pair.cells[1].text in text
