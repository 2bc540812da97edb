"""Names of experiment trackers, what they need, and where they write; for trainings and for evaluations."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from robustbench_endo.data_options import split_names
from robustbench_endo.errors import RobustEndoError, unknown_name

LOGGERS = ("tensorboard", "mlflow", "wandb")

EXTRAS = {"tensorboard": "train", "mlflow": "mlflow", "wandb": "wandb"}
"""Tracker -> the extra of this package that installs it."""

PROJECT = "robustbench-endo"
"""Experiment in MLflow and project in wandb, unless the environment names another."""


def parse_loggers(text: str) -> tuple[str, ...]:
    """Names separated by commas; none for ``none``.

    >>> parse_loggers("tensorboard,wandb"), parse_loggers("none")
    (('tensorboard', 'wandb'), ())
    """
    return () if text == "none" else split_names(text)


def logger_names(loggers: str | Sequence[str]) -> tuple[str, ...]:
    """The names in a text, or in several, each once.

    Raises:
        UnknownNameError: another name.
        RobustEndoError: an object that is no name.

    >>> logger_names(["tensorboard,wandb", "wandb"])
    ('tensorboard', 'wandb')
    """
    texts: list[str] = [loggers] if isinstance(loggers, str) or not isinstance(loggers, Iterable) else list(loggers)
    for text in texts:
        if not isinstance(text, str):
            raise RobustEndoError(
                f"Expected loggers to be names ({', '.join(LOGGERS)}), got {type(text).__name__}: write "
                "log_results(results, 'tensorboard', folder=...), the results first; an active run of mlflow or wandb "
                "is found."
            )
    names = tuple(dict.fromkeys(name for text in texts for name in parse_loggers(text)))
    for name in names:
        if name not in LOGGERS:
            raise unknown_name("logger", name, LOGGERS)
    return names


def mlflow_uri(folder: Path) -> str:
    """The tracking server of MLFLOW_TRACKING_URI, else a database in the folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"
