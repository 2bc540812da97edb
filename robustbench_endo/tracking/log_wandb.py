"""Weights & Biases: a run with curves against severity, summary, configuration, tables and an artifact."""

from __future__ import annotations

import os
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from robustbench_endo.errors import TrackingError
from robustbench_endo.tracking.content import RunContent
from robustbench_endo.tracking.key_text import file_parts
from robustbench_endo.tracking.names import PROJECT

_WITHOUT_LOGIN = ("offline", "disabled", "dryrun")
_LOGIN = "wandb login, set WANDB_API_KEY, or set WANDB_MODE=offline and upload the run later with wandb sync."


def check() -> None:
    """Raise TrackingError where wandb would ask for a key, which nobody may be there to type after a long run."""
    wandb = import_module("wandb")
    if os.environ.get("WANDB_MODE") in _WITHOUT_LOGIN or wandb.run is not None:
        return
    try:
        ready = _has_login(wandb)
    except Exception as error:
        raise TrackingError(f"Cannot log to wandb: {str(error).rstrip('.')}. Run {_LOGIN}") from error
    if not ready:
        raise TrackingError(f"Cannot log to wandb: no API key. Run {_LOGIN}")


def _has_login(wandb: Any) -> bool:
    if "prompt" in signature(wandb.login).parameters:
        return bool(wandb.login(prompt=False))
    return bool(wandb.api.api_key)  # releases before that argument


def log(content: RunContent, folder: Path) -> str:
    """Log to the active run, else to a new one.

    Returns:
        The page of the run, or its folder where wandb is offline.
    """
    wandb = import_module("wandb")
    active = wandb.run
    project = os.environ.get("WANDB_PROJECT", PROJECT)
    run = active or wandb.init(project=project, name=content.name, dir=str(folder), job_type="evaluation")
    failed = 1
    try:
        run.config.update({"robustbench_endo": dict(content.settings)}, allow_val_change=True)
        _log_curves(run, content)
        for model, values in content.summary.items():
            run.summary.update({f"summary/{name}/{model}": value for name, value in values.items()})
        run.log({name: wandb.Table(dataframe=table) for name, table in content.tables.items() if len(table)})
        _log_files(wandb, run, content)
        failed = 0
        return str(run.url or f"wandb sync {Path(run.dir).parent}")
    finally:
        if active is None:
            run.finish(exit_code=failed)


def _log_curves(run: Any, content: RunContent) -> None:
    """One point per severity, with all curves: every curve is drawn against the severity."""
    run.define_metric("severity", hidden=True)
    for metric in dict.fromkeys(curve.metric for curve in content.curves):
        run.define_metric(f"{metric}/*", step_metric="severity")
    for severity in sorted({severity for curve in content.curves for severity in curve.values}):
        values = {
            f"{curve.metric}/{curve.corruption}/{curve.model}": curve.values[severity]
            for curve in content.curves
            if severity in curve.values
        }
        run.log({"severity": severity, **values})


def _log_files(wandb: Any, run: Any, content: RunContent) -> None:
    if content.files:
        artifact = wandb.Artifact("-".join(file_parts(content.name)), type="robustness-run")
        for file in content.files:
            artifact.add_file(str(file))
        run.log_artifact(artifact)
