"""The worst, the median and the best frame of each condition."""

from __future__ import annotations

import numpy as np

from robustbench_endo.reports.data.frames import condition_frames


def test_condition_frames_are_ordered_by_dice(make_run):
    results = make_run(models=["a"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    segmentation = condition_frames(results)[0]
    frame = results.frame
    rows = frame[(frame["corruption"] == "smoke") & (frame["severity"] == 3)].sort_values("dice_mean")
    expected = rows.iloc[[0, 2, 5]]
    frames = segmentation.frames["a", "smoke", 3]
    assert [each.image_id for each in frames] == expected["image_id"].tolist()
    np.testing.assert_allclose([each.score for each in frames], 100 * expected["dice_mean"])
    assert segmentation.frames.keys() == {("a", "clean", 0), ("a", "smoke", 1), ("a", "smoke", 3)}


def test_condition_frames_of_activity_begin_with_the_worst_brier_score(make_run):
    results = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False)
    activity = condition_frames(results)[1]
    worst, _, best = activity.frames["a", "smoke", 1]
    assert (activity.task, activity.higher_is_better) == ("activity", False)
    assert worst.score > best.score


def test_condition_frames_leave_out_frames_without_a_score(make_run):
    def remove(frame, info):
        frame.loc[frame["severity"] == 1, "dice_mean"] = np.nan
        frame.loc[frame["image_id"].str.endswith("00.png"), "dice_mean"] = np.nan

    results = make_run(models=["a"], corruptions=["smoke"], severities=[1, 3], gallery=False, edit=remove)
    frames = condition_frames(results)[0].frames
    assert ("a", "smoke", 1) not in frames
    assert not any(each.image_id.endswith("00.png") for each in frames["a", "smoke", 3])


def test_condition_frames_without_scores_are_empty(make_run, unscored):
    results = make_run(models=["a"], corruptions=["smoke"], severities=[1], gallery=False, edit=unscored)
    assert condition_frames(results) == []
