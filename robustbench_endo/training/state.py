"""Files of a training: checkpoint, curves, and the state from which an interrupted training resumes bit-identically."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import check_resumable, replace_atomically, write_atomically
from robustbench_endo.models.checkpoint import card_of, save_checkpoint
from robustbench_endo.models.weights import DAMAGED
from robustbench_endo.training.train_step import TrainStep

HISTORY = "history.csv"

FAILED = "failed"

FILE = "state.pt"

History = list[dict[str, float]]


def save_model(folder: Path, model: nn.Module, training: dict[str, Any]) -> None:
    """Write the checkpoint that ``load_model`` reads.

    Raises:
        RunError: it cannot be written; the previous one is kept.
    """
    try:
        save_checkpoint(folder, model.state_dict(), card_of(model, training))
    except Exception as error:  # safetensors has an error of its own for a full disk
        raise _cannot_write(folder, error) from error


def _cannot_write(path: Path, error: Exception) -> RunError:
    return RunError(
        f"Cannot write {path}: {error}. Free some space and re-run the same command; it resumes from the last saved "
        "epoch."
    )


def save_history(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """Write the curves as a table with one row per epoch."""
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, ["epoch", *names], lineterminator="\n")
    table.writeheader()
    table.writerows({"epoch": epoch, **row} for epoch, row in enumerate(history))
    write_atomically(folder / HISTORY, text.getvalue().encode())


def save_state(folder: Path, loop: TrainStep, history: History, run: dict[str, Any]) -> None:
    """Write weights, optimizer, weighting, the random state of every process and the history, after an epoch.

    Raises:
        RunError: the file cannot be written; that of the previous epoch is kept.
    """
    generators = _generators(loop)
    if not loop.fabric.is_global_zero:
        return
    content = {
        "model": loop.model.state_dict(),
        "optimizer": loop.adam.state_dict(),
        "precision": loop.fabric.strategy.precision.state_dict(),
        "weighting": loop.weighting.state_dict(),
        "history": history,
        "generators": generators,
        "run": run,
    }
    try:
        with replace_atomically(folder / FILE) as temporary:
            torch.save(content, temporary)
    except RuntimeError as error:  # torch.save wraps that of a full disk
        raise _cannot_write(folder / FILE, error) from error


def restore(folder: Path, loop: TrainStep, run: dict[str, Any]) -> History:
    """Load a saved state and return its history; the empty history where there is none.

    Raises:
        RunError: the state cannot be read or belongs to other settings, data or another model.
    """
    content = read_state(folder)
    if content is None:
        return []
    check_resumable(content["run"], run, folder)
    loop.model.load_state_dict(content["model"])
    loop.adam.load_state_dict(content["optimizer"])
    loop.fabric.strategy.precision.load_state_dict(content["precision"])
    loop.weighting.load_state_dict(content["weighting"])
    _set_generators(content["generators"], loop)
    history: History = content["history"]
    return history


def read_state(folder: Path) -> dict[str, Any] | None:
    """The content of the saved state; None where there is none.

    Raises:
        RunError: the file cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise RunError(f"Cannot read the training state {path}: {error}. Delete it to start again.") from error
    return content


def identity(loop: TrainStep, init_weights: str) -> dict[str, Any]:
    """What must not change between a training and its resumption."""
    frames = loop.loader.frames
    names = hashlib.sha256("\n".join(frames.ids).encode()).hexdigest()
    data = {"spec": str(getattr(loop.model, "spec", "")), "frames": len(frames), "frame names": names}
    return {
        **data,
        "size": list(frames.images.shape[2:]),
        **loop.config.recorded_settings(),
        "init_weights": init_weights,
    }


def _generators(loop: TrainStep) -> list[dict[str, Tensor]]:
    """The random states of all processes."""
    mine = {"cpu": torch.get_rng_state()}
    if loop.fabric.device.type == "cuda":
        mine["cuda"] = torch.cuda.get_rng_state(loop.fabric.device)
    if loop.fabric.world_size == 1:
        return [mine]
    everyone: list[Any] = [None] * loop.fabric.world_size
    torch.distributed.all_gather_object(everyone, mine)
    return everyone


def _set_generators(saved: list[dict[str, Tensor]], loop: TrainStep) -> None:
    """Set the random state of this process; unchanged where the number of processes has changed."""
    if len(saved) != loop.fabric.world_size:
        return
    mine = saved[loop.fabric.global_rank]
    torch.set_rng_state(mine["cpu"])
    if "cuda" in mine and loop.fabric.device.type == "cuda":
        torch.cuda.set_rng_state(mine["cuda"], loop.fabric.device)
