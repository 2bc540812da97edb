"""Logging to wandb: what it receives."""

import pytest

from robustbench_endo.errors import TrackingError
from robustbench_endo.tracking import check_loggers, log_results


@pytest.fixture
def with_key(fake_wandb):
    fake_wandb.api.api_key = "k"
    return fake_wandb


def test_log_wandb_sends_curves_summary_tables_and_files(logged_run, with_key):
    log_results(logged_run, "wandb", metrics=["miou"])
    ((_, _, options),) = [call for call in with_key.calls if call[0] == "init"]
    assert (options["project"], options["name"], options["dir"]) == ("robustbench-endo", "study", str(logged_run.path))
    points = [values for (values,) in with_key.of("log") if "severity" in values]
    scores = logged_run.scores().set_index(["model", "corruption", "severity"])["miou"]
    assert [point["severity"] for point in points] == [0, 1, 3]
    assert points[2]["miou/contrast/ours/b"] == scores["ours/b", "contrast", 3]
    assert ("miou/*",) in with_key.of("define_metric")
    assert set().union(*(values for (values,) in with_key.of("summary"))) == {
        f"summary/{row}/miou/ours/{model}" for row in ("clean", "mean") for model in "ab"
    }
    assert any(set(values) == {"scores", "table"} for (values,) in with_key.of("log"))
    assert len(with_key.of("add_file")) == len(with_key.of("log_artifact")) * 3 == 3
    assert [options for name, _, options in with_key.calls if name == "finish"] == [{"exit_code": 0}]


def test_log_wandb_marks_a_failed_run(logged_run, with_key):
    with_key.Table = lambda dataframe: 1 / 0
    with pytest.raises(ValueError, match="Cannot log to wandb: division by zero"):
        log_results(logged_run, "wandb", metrics=["miou"])
    assert [options for name, _, options in with_key.calls if name == "finish"] == [{"exit_code": 1}]


def test_log_wandb_uses_the_active_run_and_leaves_it_open(logged_run, with_key, monkeypatch):
    with_key.run = with_key.new_run
    with_key.api.api_key = None
    with_key.run.url = "https://wandb/mine"
    monkeypatch.setenv("WANDB_PROJECT", "other")
    assert log_results(logged_run, "wandb", metrics=["miou"]) == {"wandb": "https://wandb/mine"}
    assert not [name for name, _, _ in with_key.calls if name in ("init", "finish")]


def test_log_wandb_asks_for_no_key(fake_wandb):
    def refuse(prompt=True):
        assert not prompt
        raise OSError("connection refused.")

    fake_wandb.login = lambda prompt=True: not prompt
    assert check_loggers("wandb") == ("wandb",)
    fake_wandb.login = refuse
    with pytest.raises(TrackingError, match="Cannot log to wandb: connection refused. Run wandb login, set"):
        check_loggers("wandb")
