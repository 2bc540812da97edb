"""The runs of a leaderboard."""

from __future__ import annotations

import shutil

import pytest

from robustbench_endo.reports.leaderboard.runs import RunEntry, UnreadableRun, read_runs


@pytest.fixture
def run(make_run):
    return make_run(models=["a", "b"], corruptions=["smoke", "contrast"], severities=[1, 3], gallery=False)


def test_read_runs_scores_equal_results(run):
    (entry,) = read_runs(run.path.parent, run.path.parent / "site", allow_unverified=True)
    assert isinstance(entry, RunEntry)
    assert (entry.name, entry.protocol, entry.frames) == ("synthetic", "standard", 6)
    assert entry.conditions == "2 corruptions at severities 1, 3"
    table = run.table(("miou",), True)["miou"]
    for scores in entry.models:
        assert [score.metric.name for score in scores.scores] == ["miou", "accuracy"]
        score, mean = scores.scores[0], table.loc[("mean", "all"), scores.model]
        assert (score.value, score.mean) == (mean["value"], f"{mean['value']:.2f}")
        assert score.interval == f"{mean['low']:.2f} to {mean['high']:.2f}"
        clean = table.loc[("clean", "clean"), (scores.model, "value")]
        floor = run.floor("miou")[1].point
        low, low_mean = floor.clean.item(), floor.mean_over_corruptions().item()
        assert score.relative == f"{100 * (mean['value'] - low_mean) / (clean - low):.2f}"


def test_read_runs_key_is_equal_for_comparable_runs(run, change, tmp_path):
    for name, changes in (("same", {"name": "again"}), ("seed", {"seed": 8}), ("protocol", {"protocol": "endoarss"})):
        shutil.copytree(run.path, tmp_path / name)
        change(tmp_path / name, **changes)
    keys = {entry.folder.name: entry.key for entry in read_runs(tmp_path, tmp_path / "site", allow_unverified=True)}
    assert keys["same"] == keys["run"]
    assert len({keys["run"], keys["seed"], keys["protocol"]}) == 3


def test_read_runs_skips_excluded_folder_and_reports_damage(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "site" / "copy")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    runs = list(read_runs(tmp_path, tmp_path / "site", allow_unverified=True))
    assert [entry.folder.name for entry in runs] == ["damaged", "run"]
    assert isinstance(runs[0], UnreadableRun)
    assert runs[0].reason
    assert str(tmp_path) not in runs[0].reason


def test_read_runs_with_missing_records_are_unreadable(make_run, tmp_path):
    def drop(frame, info):
        return frame[~((frame["model"] == "a") & (frame["severity"] == 3))]

    make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], gallery=False, edit=drop)
    (entry,) = read_runs(tmp_path, tmp_path / "site", allow_unverified=True)
    assert isinstance(entry, UnreadableRun)
    assert "record" in entry.reason


def test_runs_that_are_no_submissions_are_refused(run):
    (refused,) = read_runs(run.path.parent, run.path.parent / "site")
    assert isinstance(refused, UnreadableRun)
    assert refused.reason.startswith("It is a run and no submission: write one with robust-endo submit")


def test_submissions_are_verified_and_state_their_training(submit_run, tmp_path):
    submit_run(tmp_path / "mine", ["a", "b"], training={"b": "Cholec80"})
    (entry,) = read_runs(tmp_path, tmp_path / "site")
    assert isinstance(entry, RunEntry)
    assert entry.verified
    assert entry.replayed == "3 frames computed again with predictions"
    assert [model.training for model in entry.models] == ["not stated", "Cholec80"]
    assert entry.conditions == "1 corruption at severities 1, 3"


def test_copy_of_a_submission_is_on_no_board(submit_run, tmp_path):
    shutil.copytree(submit_run(tmp_path / "mine", ["a"]), tmp_path / "other")
    entry, refused = read_runs(tmp_path, tmp_path / "site")
    assert isinstance(entry, RunEntry)
    assert isinstance(refused, UnreadableRun)
    assert refused.reason == "It has the records of mine: remove one of the two"


def test_tampered_submissions_are_refused_with_the_first_reason(submit_run, tmp_path):
    folder = submit_run(tmp_path / "mine", ["a", "b"])
    (folder / "README.md").write_text("best")
    (folder / "notes.txt").write_text("")
    (refused,) = read_runs(tmp_path, tmp_path / "site", allow_unverified=True)
    assert isinstance(refused, UnreadableRun)
    assert "README.md was changed after the submission was written" in refused.reason
    assert refused.reason.endswith("(1 further problem)")
    (folder / "run.json").unlink()
    (folder / "results.parquet").unlink()
    assert len(list(read_runs(tmp_path, tmp_path / "site"))) == 1
