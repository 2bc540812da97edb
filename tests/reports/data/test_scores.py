"""The table of scores equals the numbers of the results, and marks what is missing, best or trained on."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from robustbench_endo.reports.data.rows import table_rows
from robustbench_endo.reports.data.scores import change_table, number_cell, score_table
from robustbench_endo.reports.data.tables import FLOOR_ROW
from robustbench_endo.results import Resampling

SETTINGS = Resampling(resamples=200)


def model_rows(table):
    """The rows with scores of models."""
    return [row for row in table.rows if row.kind != FLOOR_ROW]


def labelled(table):
    """Label of the row and column -> cell."""
    return {(row.label, index): cell for row in table.rows for index, cell in enumerate(row.cells)}


def without_smoke(frame, info):
    return frame.drop(frame.index[frame["corruption"] == "smoke"])


def trained(frame, info):
    info["models"][0]["trained_on"] = ["smoke", "a corruption of another suite"]


def test_score_table_cells_equal_the_table_of_the_results(usual_run):
    expected = usual_run.table(("accuracy", "miou"))
    table = score_table(usual_run, ("accuracy", "miou"))
    assert [row.label for row in model_rows(table)] == [row.label for row in table_rows(usual_run)]
    for row, condition in zip(model_rows(table), table_rows(usual_run), strict=True):
        for column, cell in zip(table.columns, row.cells, strict=True):
            value = expected.loc[condition.key, (column.metric.name, column.model)]
            assert cell.text == f"{value:.2f}"


@pytest.mark.parametrize(("metric", "worst"), [("miou", min), ("hd95", max)])
def test_score_table_heat_runs_from_best_to_worst(usual_run, metric, worst):
    cells = [cell for row in model_rows(score_table(usual_run, (metric,))) for cell in row.cells]
    hottest = max(cells, key=lambda cell: cell.heat)
    assert hottest.heat == 1
    assert min(cell.heat for cell in cells) == 0
    assert hottest.value == worst(cell.value for cell in cells)


@pytest.mark.parametrize(("metric", "best"), [("miou", max), ("hd95", min)])
def test_score_table_best_follows_the_direction(usual_run, metric, best):
    for row in model_rows(score_table(usual_run, (metric,))):
        strong = [cell.value for cell in row.cells if cell.strong]
        assert best(cell.value for cell in row.cells) in strong


def test_score_table_small_differences_stay_pale(make_run):
    def nearly_the_same(frame, info):
        frame["activity_prediction"] = frame["activity_target"]
        one = (frame["corruption"] == "smoke") & (frame["severity"] == 1) & (frame["image_id"].str.endswith("00.png"))
        frame.loc[one, "activity_prediction"] = 1

    table = score_table(make_run(gallery=False, edit=nearly_the_same), ("accuracy",))
    spread = 100 / 6 / 5
    assert max(cell.heat or 0 for cell in table.cells) == round(spread / 10, 3)


def test_score_table_of_one_model_has_no_best(make_run):
    table = score_table(make_run(models=["only"], gallery=False), ("miou",))
    assert not any(cell.strong for cell in table.cells)


def test_score_table_of_a_missing_task_has_no_numbers(make_run):
    def without_masks(frame, info):
        frame[[name for name in frame if name.startswith(("tp_", "fp_", "fn_"))]] = -1
        frame[["iou_mean", "dice_mean", "hd", "hd95", "assd", "nsd", "ssim"]] = math.nan
        frame["n_scored_classes"] = 0

    cells = list(score_table(make_run(gallery=False, edit=without_masks), ("miou",)).cells)
    assert {cell.text for cell in cells} == {"–"}
    assert {cell.heat for cell in cells} == {None}
    assert {cell.remarks for cell in cells} == {("not evaluated, or not defined here",)}


def test_score_table_missing_corruption_keeps_its_row(make_run):
    table = score_table(make_run(gallery=False, edit=without_smoke), ("miou",))
    smoke = next(row for row in table.rows if row.label == "Smoke")
    assert [cell.text for cell in smoke.cells] == ["–"] * 3


def test_score_table_metric_without_direction_has_neither_heat_nor_best(usual_run):
    table = score_table(usual_run, ("image_psnr",))
    assert all(cell.heat is None and not cell.strong for cell in table.cells)


def test_score_table_margins_and_ends_equal_the_intervals_of_the_results(usual_run):
    table = score_table(usual_run, ("miou",), SETTINGS)
    expected = usual_run.table(("miou",), SETTINGS)
    smoke = next(row for row in table.rows if row.label == "Smoke")
    for model, cell in zip(usual_run.models, smoke.cells, strict=True):
        low, high = (expected.loc[("occlusion", "smoke"), ("miou", model, part)] for part in ("low", "high"))
        assert cell.margin == f"±{(high - low) / 2:.2f}"
        assert cell.interval == f"{low:.2f} to {high:.2f}"
        assert cell.ends == (f"{low:.2f}", f"{high:.2f}")
    plain = score_table(usual_run, ("miou",))
    assert [cell.text for cell in table.cells] == [cell.text for cell in plain.cells]
    assert not any(cell.margin or cell.interval for cell in plain.cells)


def test_score_table_missing_number_has_no_margin(make_run):
    table = score_table(make_run(gallery=False, edit=without_smoke), ("miou",), SETTINGS)
    smoke = next(row for row in table.rows if row.label == "Smoke")
    assert {(cell.text, cell.margin) for cell in smoke.cells} == {("–", "")}


def test_score_table_marks_corruptions_of_the_training(make_run, usual_run):
    results = make_run(corruptions=["smoke", "contrast", "spatter"], gallery=False, edit=trained)
    table = score_table(results, ("miou",))
    marked = {key for key, cell in labelled(table).items() if cell.trained_on}
    assert marked == {("Smoke", 0), ("Occlusion", 0), ("Mean of all corruptions", 0)}
    assert labelled(table)["Smoke", 0].remarks[0] == "trained on it"
    assert labelled(table)["Occlusion", 0].remarks[0] == "trained on a part of it"
    assert not score_table(usual_run, ("miou",)).trained_on


def test_score_table_has_published_numbers_where_they_exist(make_run):
    results = make_run(corruptions=["smoke", "contrast"], gallery=False)
    columns = pd.MultiIndex.from_tuples([("miou", results.models[1])], names=["metric", "model"])
    published = pd.DataFrame([[61.239]], index=pd.MultiIndex.from_tuples([("occlusion", "smoke")]), columns=columns)
    table = score_table(results, ("miou",), published=published)
    texts = {key: cell.published for key, cell in labelled(table).items() if cell.published}
    assert texts == {("Smoke", 1): "61.24"}
    assert table.source == "Published numbers are those of the paper."
    published.attrs["source"] = "From a table."
    assert score_table(results, ("miou",), published=published).source == "From a table."


def test_change_table_holds_clean_and_mean(usual_run):
    scores = score_table(usual_run, ("accuracy", "miou"))
    table = change_table(scores, "name", "caption", ["miou"])
    assert [row.label for row in table.rows] == ["mIoU (%)"]
    mean = usual_run.table(("miou",))["miou"]
    for model, cell in zip(usual_run.models, table.rows[0].cells, strict=True):
        assert cell.text == f"{mean.loc[('clean', 'clean'), model]:.2f} → {mean.loc[('mean', 'all'), model]:.2f}"


def test_number_cell_without_interval_has_no_margin():
    assert number_cell(1.234, math.nan, math.nan, "%", show_interval=True).margin == ""
    cell = number_cell(1.234, 1.0, 1.5, "%", show_interval=True)
    assert (cell.text, cell.margin, cell.interval) == ("1.23", "±0.25", "1.00 to 1.50")
