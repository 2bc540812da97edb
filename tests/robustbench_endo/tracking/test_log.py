"""Logging of a run: which trackers, what is missing, and what happens to the run when a tracker fails."""

import sys
from dataclasses import replace

import pytest

import robustbench_endo as rb
from robustbench_endo.errors import OptionalDependencyError, RobustEndoError, TrackingError, UnknownNameError
from robustbench_endo.tracking import check_loggers, log_results


def test_log_results_names_the_places(logged_run, fake_mlflow, fake_wandb, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    logged = rb.log_results(logged_run, "mlflow,wandb", metrics=["miou"])
    assert logged["mlflow"] == "run r1 at sqlite:///x"
    assert logged["wandb"].endswith("offline-1")
    assert logged_run.log_to(["mlflow"], metrics=["miou"]) == {"mlflow": "run r1 at sqlite:///x"}


def test_log_results_of_failing_tracker_says_how_to_repeat(logged_run, fake_mlflow):
    def fail(*arguments):
        raise OSError("no route\nto host")

    def fail_at_length(*arguments):
        raise OSError("long " * 100)

    fake_mlflow.create_experiment = fail
    command = f"robust-endo report {logged_run.path} --log mlflow"
    with pytest.raises(TrackingError, match=f"^Cannot log to mlflow: no route to host. The run .* with: {command}$"):
        log_results(logged_run, "mlflow")
    fake_mlflow.create_experiment = fail_at_length
    with pytest.raises(TrackingError, match=r"long \[\.\.\.\]\. The run"):
        log_results(logged_run, "mlflow")
    with pytest.raises(TrackingError, match="Correct the settings of the tracker and log"):
        log_results(replace(logged_run, path=None), "mlflow", folder=logged_run.path)


def test_check_loggers_names_the_extra_of_a_missing_package(monkeypatch):
    for name, extra in (("mlflow", "mlflow"), ("tensorboard", "train")):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(OptionalDependencyError, match=rf"package {name} for .*robustbench-endo\[{extra}\]"):
            check_loggers(name)


def test_check_loggers_needs_a_login_only_online(fake_wandb, monkeypatch):
    with pytest.raises(TrackingError, match="Cannot log to wandb: no API key. Run wandb login"):
        check_loggers("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert check_loggers("wandb") == ("wandb",)
    monkeypatch.delenv("WANDB_MODE")
    fake_wandb.api.api_key = "k"
    assert check_loggers(("wandb", "wandb")) == ("wandb",)


def test_log_results_rejects_wrong_arguments(logged_run, fake_mlflow):
    with pytest.raises(UnknownNameError, match="did you mean mlflow"):
        log_results(logged_run, "mlflo")
    with pytest.raises(RobustEndoError, match="Expected at least one logger, got none"):
        log_results(logged_run, ())
    with pytest.raises(RobustEndoError, match="Expected a folder for a run that is not on disk"):
        log_results(replace(logged_run, path=None), "mlflow")
    with pytest.raises(RobustEndoError, match="a metric of the run, got 'mio'"):
        log_results(logged_run, "mlflow", metrics=["mio"])
