"""What a killed run needs to go on exactly as if it had not been killed: out/state.pt."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import RunError
from robustbench_endo.models.checkpoint import card_of, replaced, save_checkpoint
from robustbench_endo.models.weights import DAMAGED
from robustbench_endo.training.train_step import TrainStep

HISTORY = "history.csv"

FAILED = "failed"


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of ``path`` when the block ends well.

    Raises:
        RunError: the disk is full or the folder gone; what was there before is still there.
    """
    try:
        with replaced(path) as temporary:
            yield temporary
    except (OSError, RuntimeError) as error:  # torch.save wraps a full disk in a RuntimeError
        raise RunError(
            f"Expected room for {path}, got it cannot be written ({error}): free some space and start the same "
            "command again, it goes on from the last epoch that was saved."
        ) from error


def save_model(folder: Path, model: nn.Module, training: dict[str, Any]) -> None:
    """The checkpoint that ``load_model`` reads.

    Raises:
        RunError: it cannot be written; the one before is still there.
    """
    try:
        save_checkpoint(folder, model.state_dict(), card_of(model, training))
    except Exception as error:  # safetensors has an error of its own for a full disk
        raise RunError(
            f"Expected room for the checkpoint in {folder}, got it cannot be written ({error}): free some space and "
            "start the same command again, it goes on from the last epoch that was saved."
        ) from error


def save_history(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """The curves as a table: a row an epoch."""
    names = list(dict.fromkeys(name for row in history for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, ["epoch", *names], lineterminator="\n")
    table.writeheader()
    table.writerows({"epoch": epoch, **row} for epoch, row in enumerate(history))
    with written(folder / HISTORY) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


FILE = "state.pt"

History = list[dict[str, float]]


def save_state(folder: Path, loop: TrainStep, history: History, run: dict[str, Any]) -> None:
    """Weights, optimiser, weighting, every process's random state and the history, after a finished epoch.

    Raises:
        RunError: the file cannot be written; the one of the epoch before is still there.
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
    with written(folder / FILE) as temporary:
        torch.save(content, temporary)


def restore(folder: Path, loop: TrainStep, run: dict[str, Any]) -> History:
    """Puts a saved state back and returns its history; the empty history where there is none.

    Raises:
        RunError: the state is damaged or belongs to other settings, data or another model.
    """
    content = read_state(folder)
    if content is None:
        return []
    changed = [key for key in run if content["run"].get(key) != run[key]]
    if changed:
        found = "; ".join(f"{key} was {content['run'].get(key)!r}, is {run[key]!r}" for key in changed)
        raise RunError(f"Expected the run in {folder} to resume as it began, got {found}: undo that or change --out.")
    loop.model.load_state_dict(content["model"])
    loop.adam.load_state_dict(content["optimizer"])
    loop.fabric.strategy.precision.load_state_dict(content["precision"])
    loop.weighting.load_state_dict(content["weighting"])
    _set_generators(content["generators"], loop)
    history: History = content["history"]
    return history


def read_state(folder: Path) -> dict[str, Any] | None:
    """The content of the saved state, None where there is none.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise RunError(
            f"Expected a training state in {path}, got it damaged ({error}): delete it to start anew."
        ) from error
    return content


def identity(loop: TrainStep, init_weights: str) -> dict[str, Any]:
    """What must not change between a run and its resumption, as plain values."""
    frames = loop.loader.frames
    names = hashlib.sha256("\n".join(frames.ids).encode()).hexdigest()
    data = {"spec": str(getattr(loop.model, "spec", "")), "frames": len(frames), "frame names": names}
    settings = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(loop.settings).items()}
    return {**data, "size": list(frames.images.shape[2:]), **settings, "initial": init_weights}


def _generators(loop: TrainStep) -> list[dict[str, Tensor]]:
    """The random state of every process."""
    mine = {"cpu": torch.get_rng_state()}
    if loop.fabric.device.type == "cuda":
        mine["cuda"] = torch.cuda.get_rng_state(loop.fabric.device)
    if loop.fabric.world_size == 1:
        return [mine]
    everyone: list[Any] = [None] * loop.fabric.world_size
    torch.distributed.all_gather_object(everyone, mine)
    return everyone


def _set_generators(saved: list[dict[str, Tensor]], loop: TrainStep) -> None:
    """A run resumed on another number of processes goes on with the random state it has."""
    if len(saved) != loop.fabric.world_size:
        return
    mine = saved[loop.fabric.global_rank]
    torch.set_rng_state(mine["cpu"])
    if "cuda" in mine and loop.fabric.device.type == "cuda":
        torch.cuda.set_rng_state(mine["cuda"], loop.fabric.device)
