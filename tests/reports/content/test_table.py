"""The table equals the numbers of the results, and says what is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from robustbench_endo.reports.data.metrics import leading_metric, metrics_present
from robustbench_endo.reports.data.table import score_table


def test_every_cell_is_the_number_of_results_table(usual_run):
    results = usual_run
    expected = results.table(("accuracy", "miou"))
    table = score_table(results, ("accuracy", "miou"))
    for row in table.rows:
        key = {
            "clean": ("clean", "clean"),
            "mean": ("mean", "all"),
            "category": ("mean", row.name),
            "corruption": (row.category, row.name),
        }[row.kind]
        for column, cell in zip(table.columns, row.cells, strict=True):
            value = expected.loc[key, (column.metric.name, column.model)]
            assert cell.text == f"{value:.2f}"


def test_rows_are_clean_then_groups_then_the_mean(usual_run):
    table = score_table(usual_run, ("miou",))
    kinds = [row.kind for row in table.rows]
    assert kinds[0] == "clean"
    assert kinds[-1] == "mean"
    assert kinds.count("category") == 4
    assert kinds.count("corruption") == 19
    first_of_group = [row.name for row in table.rows if row.kind == "category"]
    assert first_of_group == ["noise", "blur", "occlusion", "digital"]


@pytest.mark.parametrize(("metric", "worst"), [("miou", min), ("hd95", max)])
def test_heat_runs_from_the_best_to_the_worst_value(usual_run, metric, worst):
    table = score_table(usual_run, (metric,))
    cells = [cell for row in table.rows for cell in row.cells]
    hottest = max(cells, key=lambda cell: cell.heat)
    assert hottest.heat == 1
    assert min(cell.heat for cell in cells) == 0
    assert hottest.value == worst(cell.value for cell in cells)


@pytest.mark.parametrize(("metric", "best"), [("miou", max), ("hd95", min)])
def test_the_best_model_of_a_row_follows_the_direction(usual_run, metric, best):
    for row in score_table(usual_run, (metric,)).rows:
        bold = [cell.value for cell in row.cells if cell.best]
        assert best(cell.value for cell in row.cells) in bold


def test_small_differences_stay_pale(make_run):
    def nearly_the_same(frame, info):
        frame["activity_prediction"] = frame["activity_target"]
        one = (frame["corruption"] == "smoke") & (frame["severity"] == 1) & (frame["image_id"].str.endswith("00.png"))
        frame.loc[one, "activity_prediction"] = 1

    table = score_table(make_run(gallery=False, edit=nearly_the_same), ("accuracy",))
    spread = 100 / 6 / 5
    assert max(cell.heat for row in table.rows for cell in row.cells) == round(spread / 10, 3)


def test_one_model_is_never_best(make_run):
    table = score_table(make_run(models=["only"], gallery=False), ("miou",))
    assert not any(cell.best for row in table.rows for cell in row.cells)


def test_an_absent_task_is_absent_not_zero(make_run):
    def without_masks(frame, info):
        frame[[name for name in frame if name.startswith(("tp_", "fp_", "fn_"))]] = -1
        frame[["miou", "dice", "hd", "hd95", "assd", "nsd", "ssim"]] = math.nan
        frame["scored"] = 0

    results = make_run(gallery=False, edit=without_masks)
    assert "miou" not in metrics_present(results)
    assert leading_metric(results) == "accuracy"
    cells = [cell for row in score_table(results, ("miou",)).rows for cell in row.cells]
    assert {cell.text for cell in cells} == {"–"}
    assert {cell.heat for cell in cells} == {None}


def test_a_missing_corruption_keeps_its_row(make_run):
    def without_smoke(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "smoke"])

    table = score_table(make_run(gallery=False, edit=without_smoke), ("miou",))
    smoke = next(row for row in table.rows if row.name == "smoke")
    assert [cell.text for cell in smoke.cells] == ["–"] * 3


def test_a_part_keeps_numbers_heat_and_best(usual_run):
    results = usual_run
    whole = score_table(results, ("accuracy", "miou"))
    part = whole.part(["miou"], results.models[1:])
    assert [column.model for column in part.columns] == results.models[1:]
    assert [row.cells for row in part.rows] == [row.cells[4:] for row in whole.rows]


def test_a_metric_without_direction_has_neither_heat_nor_best(usual_run):
    table = score_table(usual_run, ("image_psnr",))
    assert all(cell.heat is None and not cell.best for row in table.rows for cell in row.cells)


def test_a_metric_of_the_users_own_is_shown(make_run):
    def with_own(frame, info):
        frame["tool_tip_error"] = np.float32(1.5)

    results = make_run(gallery=False, edit=with_own)
    assert "tool_tip_error" in metrics_present(results)
    assert score_table(results, ["tool_tip_error"]).rows[0].cells[0].text == "1.50"
