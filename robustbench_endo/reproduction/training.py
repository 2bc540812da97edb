"""Training of one cell: once, in a folder of its own that says what it holds."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.errors import RunError
from robustbench_endo.models import load_model
from robustbench_endo.reproduction.experiments import Cell
from robustbench_endo.training import Hardware, TrainConfig, train
from robustbench_endo.training.settings import ProgressCallback
from robustbench_endo.training.state import FILE as STATE
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
    """Trains what is missing; a finished cell is left as it is, an interrupted one goes on.

    Args:
        initial: `pretrained` or None.

    Returns:
        ``folder``, a checkpoint that ``load_model`` reads.

    Raises:
        RunError: the folder holds another training; says what differs.
        TrainingError, ModelError: as ``robustbench_endo.training.train``.
    """
    wanted = identity(cell, data, settings, init_weights)
    before = read_cell(folder)
    if before:
        _check_same(before["training"], wanted, folder)
        if before["finished"]:
            return folder
    _write(folder, wanted, None)
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
    _write(folder, wanted, time.monotonic() - start)
    (folder / STATE).unlink(missing_ok=True)  # three times the weights, and nothing is left to resume
    return folder


def identity(cell: Cell, data: Dataset, settings: TrainConfig, init_weights: str | None) -> dict[str, Any]:
    """What makes two trainings the same, as plain values."""
    names = hashlib.sha256("\n".join(data.ids).encode()).hexdigest()
    frames = {"data": data.name, "frames": len(data), "frame names": names[:16], "classes": list(data.classes)}
    plain: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    return {"model": cell.model, "task": cell.task, "initial": init_weights or "none", **frames, **plain}


def read_cell(folder: Path) -> dict[str, Any] | None:
    """What the folder says it holds; None where there is nothing yet.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / CELL
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise RunError(
            f"Expected JSON in {path}, got it damaged ({error}): delete the folder to train it anew."
        ) from error
    return content


def _check_same(before: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if changed:
        details = "; ".join(f"{name} was {before.get(name)!r}, is {now.get(name)!r}" for name in changed)
        raise RunError(
            f"Expected the training in {folder} to be the one asked for, got another ({details}): undo that, give "
            "another --out, or delete the folder to train it anew."
        )


def _network(cell: Cell, data: Dataset) -> torch.nn.Module:
    classes = len(data.classes) if cell.task != "classification" else None
    activities = len(data.activities) if cell.task != "segmentation" else None
    return load_model(cell.model, classes or None, activities or None)


def _write(folder: Path, training: dict[str, Any], seconds: float | None) -> None:
    content = {"training": training, "finished": seconds is not None, "seconds": seconds}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{CELL}.tmp"
        temporary.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        temporary.replace(folder / CELL)
    except OSError as error:
        raise RunError(
            f"Expected a folder that can be written, got {folder} is not ({error}): choose another --out."
        ) from error
