"""``--log``: a finished run in experiment trackers, and what a tracker that fails does to the run."""

import sys
from types import SimpleNamespace

import pytest

from robustbench_endo.cli import track
from robustbench_endo.errors import RobustEndoError, TrackingError, UnknownNameError


@pytest.fixture
def log_results(monkeypatch):
    """Records the trackers; ``mlflow`` fails."""
    logged = []

    def log(results, name):
        logged.append((results, name))
        if name == "mlflow":
            raise TrackingError("Cannot log to mlflow: no network. Try again.")
        return {name: "there"}

    monkeypatch.setattr("robustbench_endo.tracking.log_results", log)
    return logged


def test_logged_to_logs_after_the_block_and_survives_a_failing_tracker(log_results, capsys):
    with track.logged_to(("mlflow", "wandb"), "run"):
        assert log_results == []
    assert log_results == [("run", "mlflow"), ("run", "wandb")]
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["Error: Cannot log to mlflow: no network. Try again.", "Logged to wandb: there"]


def test_logged_to_logs_before_an_exit_code_and_not_after_an_error(log_results):
    with pytest.raises(SystemExit), track.logged_to(("wandb",), "run"):
        sys.exit(3)
    assert len(log_results) == 1
    with pytest.raises(KeyError), track.logged_to(("wandb",), "run"):
        raise KeyError
    assert len(log_results) == 1


def test_log_run_raises_the_error_of_a_tracker(log_results):
    with pytest.raises(TrackingError):
        track.log_run(("mlflow",), "run")


def test_check_trackers_rejects_shards_and_unknown_names(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace())
    assert track.check_trackers(("mlflow,mlflow",)) == ("mlflow",)
    assert track.check_trackers((), "1/2") == ()
    with pytest.raises(RobustEndoError, match=r"--log without --shard, got both \(mlflow, 1/2\): log the merged run"):
        track.check_trackers(("mlflow",), "1/2")
    with pytest.raises(UnknownNameError, match="the name of a logger, got 'neptune'"):
        track.check_trackers(("neptune",))


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_log_option_is_checked_before_anything_is_loaded(robust_endo, command, tmp_path):
    arguments = [tmp_path / "absent"] if command == "report" else ["--model", "absent.py:build"]
    result = robust_endo(command, *arguments, "--logger", "tensorbord")
    assert result.exit_code == 2
    assert "Error: Expected the name of a logger, got 'tensorbord': did you mean tensorboard?" in result.stderr
