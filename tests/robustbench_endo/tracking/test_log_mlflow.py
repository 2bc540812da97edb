"""Logging to MLflow: what its client receives."""

from types import SimpleNamespace

import pytest

from robustbench_endo.tracking import log_mlflow, log_results


def test_log_mlflow_sends_metrics_settings_tables_and_files(logged_run, fake_mlflow, monkeypatch):
    monkeypatch.setattr(log_mlflow, "_MAX_METRICS", 7)
    log_results(logged_run, "mlflow", metrics=["miou", "dice[tool]"])
    batches = fake_mlflow.of("log_batch")
    metrics = [metric for batch, _ in batches for metric in batch]
    assert max(len(batch) for batch, _ in batches) == 7
    points = {(key, step): value for key, value, _, step in metrics}
    scores = logged_run.scores().set_index(["model", "corruption", "severity"])
    assert points["miou/contrast/ours/a", 3] == scores.loc[("ours/a", "contrast", 3), "miou"]
    assert points["dice.tool/mean/ours/a", 0] == scores.loc[("ours/a", "clean", 0), "dice[tool]"]
    assert ("summary/mean/miou/ours/b", 0) in points
    assert ("suite.name", "endo19") in [param for _, params in batches for param in params]
    assert [arguments[2] for arguments in fake_mlflow.of("log_table")] == ["scores.json", "table.json"]
    assert any(path.endswith("results.parquet") for _, path in fake_mlflow.of("log_artifact"))
    assert fake_mlflow.of("set_terminated") == [("r1", "FINISHED")]
    ((name, location),) = fake_mlflow.of("create_experiment")
    assert name == "robustbench-endo"
    assert location == f"{logged_run.path.resolve().as_uri()}/mlartifacts"


def test_log_mlflow_marks_a_failed_run(logged_run, fake_mlflow):
    fake_mlflow.log_artifact = lambda *arguments: 1 / 0
    with pytest.raises(ValueError, match="Cannot log to mlflow: division by zero"):
        log_results(logged_run, "mlflow", metrics=["miou"])
    assert fake_mlflow.of("set_terminated") == [("r1", "FAILED")]


def test_log_mlflow_uses_the_active_run_and_leaves_it_open(logged_run, fake_mlflow):
    fake_mlflow.active = SimpleNamespace(info=SimpleNamespace(run_id="mine"))
    assert log_results(logged_run, "mlflow", metrics=["miou"])["mlflow"].startswith("run mine")
    assert fake_mlflow.of("set_terminated") == []


def test_log_mlflow_to_a_server_leaves_artifacts_there(logged_run, fake_mlflow, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracker")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "study")
    log_results(logged_run, "mlflow", metrics=["miou"])
    assert fake_mlflow.of("create_experiment") == [("study", None)]


@pytest.mark.filterwarnings("ignore")  # of MLflow's own dependencies
def test_log_mlflow_writes_a_database_that_mlflow_reads(logged_run, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="the extra `mlflow` is not installed")
    uri = f"sqlite:///{tmp_path / 'store.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    log_results(logged_run, "mlflow", metrics=["miou"])
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("robustbench-endo").experiment_id])
    history = client.get_metric_history(run.info.run_id, "miou/contrast/ours/a")
    assert [point.step for point in history] == [0, 1, 3]
    assert run.info.status == "FINISHED"
