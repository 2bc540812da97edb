"""Reliability bins agree with the scores; failure tables hold silent and all failures of each task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robustbench_endo.reports.data.confidence import (
    MIN_BIN_FRAMES,
    calibration_table,
    failure_scores,
    reliability,
    silent_failures,
)
from robustbench_endo.reports.data.scores import score_table


def task_of(results, name):
    return next(task for task in results.tasks if task.name == name)


def test_reliability_error_is_the_calibration_error_of_the_scores(usual_run):
    bins = reliability(usual_run, task_of(usual_run, "activity"))
    scores = usual_run.scores()
    for model, line in bins.by_frames["Clean"].items():
        ece = scores[(scores["model"] == model) & (scores["corruption"] == "clean")]["ece"].item()
        assert line.error == pytest.approx(ece)


def test_reliability_counts_every_frame_once(usual_run):
    bins = reliability(usual_run, task_of(usual_run, "activity"))
    assert {line.count.sum() for line in bins.by_frames["Clean"].values()} == {6}
    assert {line.count.sum() for line in bins.by_frames["Corrupted"].values()} == {6 * 19 * 5}


def test_reliability_without_confidence_is_empty(make_run, unscored):
    results = make_run(gallery=False, edit=unscored)
    bins = reliability(results, task_of(results, "activity"))
    assert bins.empty
    assert all(np.isnan(line.error) for line in bins.by_frames["Clean"].values())


def test_reliability_hides_bins_of_few_frames(make_run):
    """Ten predictions of one frame under ten conditions are one frame."""
    results = make_run(gallery=False)
    line = reliability(results, task_of(results, "activity")).by_frames["Corrupted"][results.models[0]]
    assert line.count.max() >= 10
    assert line.frames.max() <= 6
    assert not line.visible.any()
    enough = replace(line, frames=np.full(15, float(MIN_BIN_FRAMES)))
    assert enough.visible[line.count > 1].all()


def test_silent_failures_of_a_constant_confidence_are_a_dash_with_a_note(make_run):
    def constant(frame, info):
        frame.loc[frame["model"] == info["models"][0]["name"], "segmentation_confidence"] = 0.9

    results = make_run(gallery=False, edit=constant)
    part = silent_failures(results, False)
    mean = next(row for row in part.tables[0].rows if row.label == "Mean of all corruptions")
    assert mean.cells[0].text.startswith("– / ")
    assert not mean.cells[1].text.startswith("–")
    (note,) = part.notes
    assert note.startswith(f"Silent mask failures of {results.models[0]} are not defined: ")
    assert failure_scores(results).remarks == part.notes


def test_calibration_table_has_one_row_per_task_with_numbers(usual_run):
    table = calibration_table(usual_run, score_table(usual_run, ("ece", "miou")))
    assert len(table.rows) == 1
    assert calibration_table(usual_run, score_table(usual_run, ("miou",))) is None


def test_silent_failures_cells_pair_silent_and_all_failures(usual_run):
    part = silent_failures(usual_run, False)
    frame = usual_run.failures()
    assert [table.name for table in part.tables] == ["failures-segmentation", "failures-activity"]
    table = part.tables[0]
    mean = next(row for row in table.rows if row.label == "Mean of all corruptions")
    for model, cell in zip(usual_run.models, mean.cells, strict=True):
        silent, failed = (frame.loc[("mean", "all"), (f"segmentation_{kind}", model)] for kind in ("silent", "failed"))
        assert cell.text == f"{silent:.2f} / {failed:.2f}"
    assert part.percentile == 10
    assert part.reason == ""


def test_silent_failures_follow_the_thresholds(usual_run):
    strict = silent_failures(usual_run, False, {"segmentation": 1.0})
    assert "Dice of 1" in strict.definition
    mean = strict.tables[0].rows[-1]
    assert all(cell.text.endswith("/ 100.00") for cell in mean.cells)


def test_silent_failures_without_clean_records_state_the_reason(make_run):
    def no_clean(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "clean"])

    part = silent_failures(make_run(gallery=False, edit=no_clean), False)
    assert part.tables == ()
    assert "clean" in part.reason


def test_silent_failures_without_labels_state_the_reason(make_run, unscored):
    part = silent_failures(make_run(gallery=False, edit=unscored), False)
    assert part.tables == ()
    assert part.reason == "No frame is labelled for a task of this run."


def test_failure_scores_have_every_kind_of_failure(usual_run):
    names = {metric.name for metric in failure_scores(usual_run).metrics}
    assert {"segmentation_failed", "segmentation_silent", "activity_failed", "activity_silent"} <= names
