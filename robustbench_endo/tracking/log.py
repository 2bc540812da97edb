"""Log a run to experiment trackers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from robustbench_endo.errors import RobustEndoError, TrackingError, import_optional
from robustbench_endo.io_utils import writable_folder
from robustbench_endo.tracking.names import EXTRAS, logger_names

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results
    from robustbench_endo.tracking.content import RunContent

_MAX_REASON = 300
"""Characters of the message of a tracker."""

_MODULES = {name: f"robustbench_endo.tracking.log_{name}" for name in EXTRAS}
"""Tracker -> the module with ``log`` and ``check``."""


def check_loggers(loggers: str | Sequence[str]) -> tuple[str, ...]:
    """The trackers, of which every one is known, installed and, where it needs that, logged in.

    Args:
        loggers: names, or texts with names separated by commas.

    Returns:
        Each name once.

    Raises:
        UnknownNameError: another name.
        OptionalDependencyError: the package of a tracker is not installed; the message names the extra.
        TrackingError: a tracker without the login that it needs.
    """
    names = logger_names(loggers)
    for name in names:
        import_optional(name, f"logging to {name}", EXTRAS[name])
        import_module(_MODULES[name]).check()
    return names


def log_results(
    results: Results,
    loggers: str | Sequence[str],
    folder: str | Path | None = None,
    metrics: Sequence[str] | None = None,
) -> dict[str, str]:
    """Log a run to experiment trackers: curves by severity, summary, settings, tables, and the files of its folder.

    TensorBoard writes event files to ``folder/tensorboard``, in place of those of an earlier call. MLflow logs to the
    active run, else to a new one of the experiment ``robustbench-endo`` (``MLFLOW_EXPERIMENT_NAME``) on the server of
    ``MLFLOW_TRACKING_URI`` or in ``folder/mlflow.db``. wandb logs to the active run, else to a new one of the project
    ``robustbench-endo`` (``WANDB_PROJECT``).

    Args:
        results: the run.
        loggers: ``tensorboard``, ``mlflow`` or ``wandb``, or several of them.
        folder: for local files; None for the run folder.
        metrics: their names; None for all with numbers but those of single labels.

    Returns:
        Tracker -> where the run is, as text.

    Raises:
        UnknownNameError: a tracker or a metric that does not exist.
        OptionalDependencyError: the package of a tracker is not installed; the message names the extra.
        RobustEndoError: no tracker, or no folder for a run that is not on disk.
        TrackingError: the tracker failed; the run itself is not affected.
    """
    from robustbench_endo.tracking.content import run_content

    names = check_loggers(loggers)
    if not names:
        raise RobustEndoError(f"Expected at least one logger, got none: choose from {', '.join(EXTRAS)}.")
    target = results.path if folder is None else Path(folder)
    if target is None:
        raise RobustEndoError("Expected a folder for a run that is not on disk, got none: pass folder=...")
    content = run_content(results, metrics)
    writable_folder(target)
    return {name: _log(name, content, target, results.path) for name in names}


def _log(name: str, content: RunContent, folder: Path, run: Path | None) -> str:
    log: Callable[[RunContent, Path], str] = import_module(_MODULES[name]).log
    try:
        return log(content, folder)
    except Exception as error:
        reason = shorten(str(error), _MAX_REASON, placeholder=" [...]").rstrip(".") or type(error).__name__
        if run is None:
            raise TrackingError(
                f"Cannot log to {name}: {reason}. Correct the settings of the tracker and log the results again."
            ) from error
        raise TrackingError(
            f"Cannot log to {name}: {reason}. The run is complete in {run}; repeat with: robust-endo report {run} "
            f"--log {name}"
        ) from error
