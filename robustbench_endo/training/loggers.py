"""Where the curves of a training are drawn: TensorBoard, MLflow or Weights & Biases, through their own loggers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustbench_endo.errors import OptionalDependencyError, unknown_name
from robustbench_endo.training.hardware import fabric_library


def make_loggers(names: Sequence[str], folder: Path, step: int) -> list[Any]:
    """Loggers of Lightning by name; a resumed run goes on in the same curves.

    Args:
        names: of `tensorboard` (event files in folder/tensorboard), `mlflow` (the tracking server of
            MLFLOW_TRACKING_URI, else folder/mlflow.db) and `wandb` (project robustbench-endo).
        folder: the run's folder; its name is the run's.
        step: steps that are done already.

    Raises:
        UnknownNameError: another name.
        OptionalDependencyError: the package behind a logger is not installed.
    """
    return [_made(name, folder, step) for name in names]


def _made(name: str, folder: Path, step: int) -> Any:
    if name not in LOGGERS:
        raise unknown_name("logger", name, LOGGERS)
    try:
        return LOGGERS[name](folder, step)
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            f"Expected the package of the logger {name}, got it not installed ({error}): install it, or choose "
            "another with --logger."
        ) from error


def _tensorboard(folder: Path, step: int) -> Any:
    # The epoch that was interrupted is drawn once: what lies beyond its first step is purged.
    logger = import_module(f"{fabric_library().__name__}.loggers")
    return logger.TensorBoardLogger(folder, name="tensorboard", version="", purge_step=step or None)


def _mlflow(folder: Path, step: int) -> Any:
    place = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"
    remembered = folder / "mlflow.txt"
    known = remembered.read_text("utf-8") if step and remembered.is_file() else None
    make = import_module("lightning.pytorch.loggers").MLFlowLogger
    logger = make("robustbench-endo", run_name=folder.name, tracking_uri=place, run_id=known)
    remembered.write_text(str(logger.run_id), "utf-8")
    return logger


def _wandb(folder: Path, step: int) -> Any:
    key = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    make = import_module("lightning.pytorch.loggers").WandbLogger
    return make(name=folder.name, project="robustbench-endo", save_dir=folder, id=f"run-{key}", resume="allow")


LOGGERS: dict[str, Callable[[Path, int], Any]] = {
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "wandb": _wandb,
}
