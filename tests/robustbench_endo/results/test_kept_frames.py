"""The frames of which thumbnails are stored."""

import numpy as np
import pytest

from robustbench_endo.results.kept_frames import frame_score, kept_frames, select_frames


def test_select_frames_ranks_by_the_mean_over_models(make_results):
    results = make_results(frames=7)
    table = select_frames(results, 2)
    assert table["kind"].tolist()[:6] == ["worst", "worst", "median", "median", "best", "best"]
    for (corruption, severity), part in table.groupby(["corruption", "severity"]):
        rows = results.frame[(results.frame["corruption"] == corruption) & (results.frame["severity"] == severity)]
        means = rows.groupby("image_id")["dice_mean"].mean().sort_values()
        assert part["image_id"].tolist() == means.index[[0, 1, 3, 2, 6, 5]].tolist()
        np.testing.assert_allclose(part["score"], means.iloc[[0, 1, 3, 2, 6, 5]])


def test_select_frames_ranks_by_one_model(make_results):
    results = make_results(frames=7)
    clean = select_frames(results, 1, "b").query("corruption == 'clean'")
    rows = results.frame.query("model == 'b' and corruption == 'clean'").sort_values("dice_mean")
    assert clean["image_id"].tolist() == rows["image_id"].iloc[[0, 3, 6]].tolist()


@pytest.mark.parametrize(
    ("frames", "kinds"), [(1, ["worst"]), (2, ["worst", "best"]), (3, ["worst", "median", "best"])]
)
def test_select_frames_names_no_frame_twice(make_results, frames, kinds):
    table = select_frames(make_results(frames=frames, subjects=1), 3)
    clean = table[table["corruption"] == "clean"]
    assert clean["image_id"].is_unique
    assert len(clean) == frames


def test_kept_frames_are_empty_without_a_run_folder(make_results):
    assert kept_frames(make_results()) == []
    assert select_frames(make_results(), 0).empty
    assert frame_score(make_results()) == "dice_mean"
