"""Class scores are recomputed from the counts, and average to mIoU."""

from __future__ import annotations

import numpy as np

from robustbench_endo.reports.data.breakdown import class_overlap, class_rows


def test_the_mean_over_classes_is_the_runs_miou(usual_run):
    overlap = class_overlap(usual_run)
    expected = usual_run.scores()["miou"]
    np.testing.assert_allclose(overlap[list(range(len(usual_run.classes)))].mean(axis=1), expected, rtol=1e-9)


def test_a_row_holds_clean_and_mean_of_each_model(usual_run):
    rows = class_rows(usual_run)
    table = usual_run.table(("miou",))["miou"]
    for index, model in enumerate(usual_run.models):
        for place, key in enumerate([("clean", "clean"), ("mean", "all")]):
            mean = np.mean([float(row.values[index][place]) for row in rows])
            assert abs(mean - table.loc[key, model]) < 0.01


def test_a_class_that_never_occurs_has_no_row(make_run):
    def without_wrist(frame, info):
        frame[["tp_2", "fp_2", "fn_2"]] = 0

    assert [row.name for row in class_rows(make_run(gallery=False, edit=without_wrist))] == ["background", "shaft"]


def test_without_masks_there_is_nothing(make_run, unscored):
    assert class_rows(make_run(gallery=False, edit=unscored)) == []
