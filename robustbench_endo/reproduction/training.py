"""Training of one cell: once, in a folder that describes it."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.io_utils import check_resumable, read_json, writable_folder, write_json
from robustbench_endo.models import load_model
from robustbench_endo.reproduction.experiments import TASKS, Cell
from robustbench_endo.tasks.registry import labels_of
from robustbench_endo.training import Hardware, TrainConfig, train
from robustbench_endo.training.state import FILE as STATE
from robustbench_endo.training.trainer import ProgressCallback
from robustbench_endo.types import Dataset

CELL = "cell.json"


def train_cell(
    cell: Cell,
    data: Dataset,
    settings: TrainConfig,
    folder: Path,
    device: torch.device,
    init_weights: str | None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Train what is missing; a finished cell is left unchanged, an interrupted one is resumed.

    Args:
        cell: after substitution.
        data: training frames.
        settings: of the training.
        folder: of the cell.
        device: of the training.
        init_weights: `pretrained` or None.
        progress: called after each batch.

    Returns:
        ``folder``, a checkpoint that ``load_model`` reads.

    Raises:
        RunError: the folder has another training.
        TrainingError, ModelError: as ``robustbench_endo.training.train``.
    """
    required = identity(cell, data, settings, init_weights)
    before = read_cell(folder)
    if before:
        check_resumable(before["training"], required, folder)
        if before["finished"]:
            return folder
    _write(folder, required, None)
    start = time.monotonic()
    train(
        _network(cell, data),
        data,
        None,
        settings,
        out=folder,
        hardware=Hardware(device),
        init_weights=init_weights,
        progress=progress,
    )
    _write(folder, required, time.monotonic() - start)
    (folder / STATE).unlink(missing_ok=True)  # three times the weights, and no longer needed
    return folder


def identity(cell: Cell, data: Dataset, settings: TrainConfig, init_weights: str | None) -> dict[str, Any]:
    """What two equal trainings have in common, as plain values."""
    names = hashlib.sha256("\n".join(data.ids).encode()).hexdigest()
    frames = {"data": data.name, "frames": len(data), "frame names": names[:16], "classes": list(data.classes)}
    plain: dict[str, Any] = json.loads(json.dumps(settings.recorded_settings()))
    return {"model": cell.model, "task": cell.task, "init_weights": init_weights or "none", **frames, **plain}


def read_cell(folder: Path) -> dict[str, Any] | None:
    """The description of a cell; None before its training.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / CELL
    return read_json(path) if path.is_file() else None


def is_finished(folder: Path) -> bool:
    """Whether the training of a cell has been completed in this folder."""
    before = read_cell(folder)
    return bool(before and before["finished"])


def _network(cell: Cell, data: Dataset) -> torch.nn.Module:
    labels = {task: names for task, names in labels_of(data).items() if task in TASKS[cell.task] and names}
    network: torch.nn.Module = load_model(cell.model, labels={task: len(names) for task, names in labels.items()})
    return network


def _write(folder: Path, training: dict[str, Any], seconds: float | None) -> None:
    content = {"training": training, "finished": seconds is not None, "seconds": seconds}
    write_json(writable_folder(folder) / CELL, content)
