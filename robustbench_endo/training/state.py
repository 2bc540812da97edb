"""What a killed run needs to go on exactly as if it had not been killed: out/state.pt."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from robustbench_endo.errors import RunError
from robustbench_endo.models.files import replaced
from robustbench_endo.models.weights import DAMAGED
from robustbench_endo.training.frames import Frames
from robustbench_endo.training.settings import Settings

FILE = "state.pt"


def save_state(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: list[dict[str, float]],
    run: dict[str, Any],
) -> None:
    """Weights, optimiser, random state and history after a finished epoch, written whole."""
    content = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": history,
        "rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "run": run,
    }
    with replaced(folder / FILE) as temporary:
        torch.save(content, temporary)


def restore(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, run: dict[str, Any]
) -> list[dict[str, float]]:
    """Puts a saved state back and returns its history; the empty history where there is none.

    Raises:
        RunError: the state is damaged or belongs to other settings, data or another model.
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED as error:
        raise RunError(
            f"Expected a training state in {path}, found it damaged ({error}): delete it to start anew."
        ) from error
    changed = [key for key in run if content["run"].get(key) != run[key]]
    if changed:
        found = "; ".join(f"{key} was {content['run'].get(key)!r}, is {run[key]!r}" for key in changed)
        raise RunError(f"Expected the run in {folder} to resume as it began, found {found}: undo that or change --out.")
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    torch.set_rng_state(content["rng"])
    if content["cuda_rng"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(content["cuda_rng"])
    history: list[dict[str, float]] = content["history"]
    return history


def identity(model: nn.Module, frames: Frames, settings: Settings) -> dict[str, Any]:
    """What must not change between a run and its resumption, as plain values."""
    names = hashlib.sha256("\n".join(frames.ids).encode()).hexdigest()
    data = {"spec": str(getattr(model, "spec", "")), "frames": len(frames), "frame names": names}
    return {**data, "size": list(frames.images.shape[2:]), **asdict(settings)}
