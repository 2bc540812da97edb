"""The rows of every table by condition: order, labels, kinds."""

from __future__ import annotations

from robustbench_endo.reports.data.rows import condition_rows, held_out, table_rows, trained_on
from robustbench_endo.reports.data.tables import CATEGORY_ROW, CLEAN_ROW, CORRUPTION_ROW, MEAN_ROW, RECORDED_ROW


def trained(frame, info):
    info["models"][0]["trained_on"] = ["smoke", "a corruption of another suite"]


def test_table_rows_are_clean_categories_and_mean(usual_run):
    rows = table_rows(usual_run)
    kinds = [row.kind for row in rows]
    assert kinds[0] is CLEAN_ROW
    assert kinds[-1] is MEAN_ROW
    assert kinds.count(CATEGORY_ROW) == 4
    assert kinds.count(CORRUPTION_ROW) == 19
    assert [row.key[1] for row in rows if row.kind is CATEGORY_ROW] == ["noise", "blur", "occlusion", "digital"]
    assert {row.key for row in rows} == set(usual_run.table(("miou",)).index)


def test_table_rows_of_a_category_precede_its_corruptions(usual_run):
    category = ""
    for row in table_rows(usual_run):
        if row.kind is CATEGORY_ROW:
            category = row.key[1]
        if row.kind is CORRUPTION_ROW:
            assert row.key[0] == category
            assert row.corruptions == {row.key[1]}


def test_table_rows_end_with_recorded_conditions(annotated_run):
    rows = table_rows(annotated_run)
    assert rows[-1].kind is RECORDED_ROW
    assert [row.label for row in rows[-2:]] == ["Recorded conditions", "Recorded smoke"]
    assert rows[-3].label == "Mean of held-out corruptions"


def test_condition_rows_without_corruptions_are_clean_only():
    assert [row.label for row in condition_rows({})] == ["Clean"]


def test_held_out_are_the_corruptions_that_no_model_was_trained_on(make_run, usual_run):
    results = make_run(corruptions=["smoke", "contrast", "spatter"], gallery=False, edit=trained)
    assert held_out(results) == ["contrast", "spatter"]
    assert trained_on(results)[results.models[0]] == {"smoke"}
    assert held_out(usual_run) is None
    assert ("mean", "held_out") not in [row.key for row in table_rows(usual_run)]


def test_compound_of_a_corruption_that_a_model_was_trained_on_is_not_held_out(make_run):
    results = make_run(corruptions=["contrast", "smoke+contrast"], gallery=False, edit=trained)
    assert held_out(results) == ["contrast"]
    assert trained_on(results)[results.models[0]] == {"smoke+contrast"}
