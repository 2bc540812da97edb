"""MLflow: a run with metrics by step, parameters, tables and artifacts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from robustbench_endo.tracking.content import RunContent
from robustbench_endo.tracking.key_text import metric_key
from robustbench_endo.tracking.names import PROJECT, mlflow_uri

_MAX_METRICS, _MAX_PARAMS = 1000, 100
"""What one request to a tracking server may have."""


def check() -> None:
    """Credentials of a tracking server are checked only when it is used."""


def log(content: RunContent, folder: Path) -> str:
    """Log to the active run, else to a new one.

    Returns:
        Tracking server and id of the run.
    """
    mlflow = import_module("mlflow")
    entities = import_module("mlflow.entities")
    with _run(mlflow, content, folder) as (client, run_id):
        now = int(time.time() * 1000)
        metrics = [entities.Metric(key, value, now, step) for key, value, step in _metrics(content)]
        params = [entities.Param(metric_key(key), str(value)) for key, value in content.settings.items()]
        for batch in _batches(params, _MAX_PARAMS):
            client.log_batch(run_id, params=batch)
        for batch in _batches(metrics, _MAX_METRICS):
            client.log_batch(run_id, metrics=batch)
        for name, table in content.tables.items():
            client.log_table(run_id, table, f"{name}.json")
        for file in content.files:
            client.log_artifact(run_id, str(file))
        return f"run {run_id} at {client.tracking_uri}"


@contextmanager
def _run(mlflow: Any, content: RunContent, folder: Path) -> Iterator[tuple[Any, str]]:
    """A client and the id of the run; a new one is marked as finished or failed."""
    active = mlflow.active_run()
    if active is not None:
        yield mlflow.MlflowClient(), active.info.run_id
        return
    client = mlflow.MlflowClient(tracking_uri=mlflow_uri(folder))
    run_id = client.create_run(_experiment(client, folder), run_name=content.name).info.run_id
    status = "FAILED"
    try:
        yield client, run_id
        status = "FINISHED"
    finally:
        client.set_terminated(run_id, status)


def _experiment(client: Any, folder: Path) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    # A database has its artifacts in the working folder unless it is told otherwise.
    local = not os.environ.get("MLFLOW_TRACKING_URI")
    return str(client.create_experiment(name, (folder / "mlartifacts").resolve().as_uri() if local else None))


def _metrics(content: RunContent) -> Iterator[tuple[str, float, int]]:
    for curve in content.curves:
        key = metric_key(f"{curve.metric}/{curve.corruption}/{curve.model}")
        for severity, value in curve.values.items():
            yield key, value, content.step(severity)
    for model, values in content.summary.items():
        for name, value in values.items():
            yield metric_key(f"summary/{name}/{model}"), value, 0


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
