"""Scores by label and by subject."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_endo.reports.data import breakdown
from robustbench_endo.reports.data.breakdown import by_subject, label_tables
from robustbench_endo.reports.data.tables import FLOOR_ROW


def numbers(cell):
    return [float(part) for part in cell.text.split(" → ")]


def test_label_tables_have_a_row_per_condition_and_average_to_the_dice(usual_run):
    tables = label_tables(usual_run)
    scores = usual_run.table(("dice",))["dice"]
    floor = usual_run.floor("dice")[1].point.mean_over_corruptions()[0, 0]
    assert [column.label for column in tables[0].columns] == usual_run.labels["segmentation"]
    assert len(tables) == len(usual_run.models)
    for table, model in zip(tables, usual_run.models, strict=True):
        for row in table.rows:
            key = (row.keys["category"], row.keys["corruption"])
            expected = floor if row.kind == FLOOR_ROW else scores.loc[key, model]
            assert np.mean([cell.value for cell in row.cells]) == pytest.approx(expected, abs=1e-9)
        assert FLOOR_ROW in [row.kind for row in table.rows]


def test_label_tables_omit_a_label_that_never_occurs(make_run):
    def without_wrist(frame, info):
        frame[["tp_2", "fp_2", "fn_2"]] = 0

    for table in label_tables(make_run(gallery=False, edit=without_wrist)):
        assert [column.label for column in table.columns] == ["background", "shaft"]


def test_label_tables_are_empty_without_masks(make_run, unscored):
    assert label_tables(make_run(gallery=False, edit=unscored)) == []


def test_by_subject_scores_equal_runs_of_one_subject(usual_run, make_run):
    def only_first(frame, info):
        return frame[frame["subject_id"] == "OP0_img"]

    table = by_subject(usual_run).table
    single = make_run(gallery=False, edit=only_first)
    expected = single.table(("miou",))["miou"]
    row = next(row for row in table.rows if row.label == "OP0_img")
    assert row.cells[0].text == str(single.frame["image_id"].nunique())
    for cell, model in zip(row.cells[1:], usual_run.models, strict=True):
        assert numbers(cell) == pytest.approx(
            [expected.loc[("clean", "clean"), model], expected.loc[("mean", "all"), model]], abs=0.006
        )


def test_by_subject_lists_the_weakest_first_up_to_a_limit(usual_run, monkeypatch):
    *rows, floor = by_subject(usual_run).table.rows
    assert floor.kind == FLOOR_ROW
    assert numbers(floor.cells[1])[0] == pytest.approx(usual_run.floor("miou")[1].point.clean[0, 0], abs=0.006)
    means = [np.mean([numbers(cell)[1] for cell in row.cells[1:]]) for row in rows]
    assert means == sorted(means)
    monkeypatch.setattr(breakdown, "MAX_SUBJECTS", 1)
    part = by_subject(usual_run)
    assert [row.label for row in part.table.rows[:-1]] == [rows[0].label]
    assert part.n_omitted == 1


def test_by_subject_needs_two_subjects(make_run):
    def one_subject(frame, info):
        frame["subject_id"] = "OP0_img"

    assert by_subject(make_run(gallery=False, edit=one_subject)) is None
