"""`train`: from a model and a dataset to a checkpoint folder that `load_model` reads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from robustbench_endo.errors import RunError
from robustbench_endo.models.checkpoint import card_of, save_checkpoint
from robustbench_endo.models.loading import load_model
from robustbench_endo.training.augment import augmentation
from robustbench_endo.training.checks import check_data
from robustbench_endo.training.frames import Frames
from robustbench_endo.training.initial import initialise
from robustbench_endo.training.loop import Loop
from robustbench_endo.training.scores import validate_on
from robustbench_endo.training.settings import Progress, ProgressCallback, Settings
from robustbench_endo.training.state import identity, restore, save_state
from robustbench_endo.types import Dataset

ANY_SIZE = (224, 288)
"""Training size of a user's model that names no input size."""


def train(
    model: str | nn.Module,
    dataset: Dataset,
    validation: Dataset | None = None,
    *,
    out: str | Path,
    epochs: int = Settings.epochs,
    batch_size: int = Settings.batch_size,
    learning_rate: float = Settings.learning_rate,
    seed: int = Settings.seed,
    augment: str = Settings.augment,
    device: str | torch.device = "cpu",
    initial: str | Path | None = None,
    progress: ProgressCallback | None = None,
) -> Path:
    """Trains, saving after every epoch; called again with the same arguments it resumes where it was killed.

    Args:
        model: a spec (built for the dataset's labels) or a model from ``load_model``.
        dataset: frames to train on; a missing mask or activity costs nothing.
        validation: frames that choose the epoch that is kept; without them the last one is.
        out: folder of the checkpoint (model.safetensors, model.json) and of the state to resume from (state.pt).
        epochs: passes over the frames.
        batch_size: frames per step.
        learning_rate: Adam's peak rate.
        seed: of order, augmentation and dropout; the same seed on the same machine gives the same weights.
        augment: `surgical`, `light` or `none`.
        device: where the model runs.
        initial: checkpoint folder, weight file or `"pretrained"` to start from; other label sets get fresh classifiers.
        progress: called after every step.

    Returns:
        ``out``.

    Raises:
        TrainingError: settings, data or a loss that cannot be used.
        RunError: ``out`` cannot be written, or holds a run with other settings.
        ModelError, UnknownNameError, OptionalDependencyError: from the model, its weights and the augmentation.
    """
    settings = Settings(epochs, batch_size, learning_rate, seed, augment)
    transform = augmentation(augment)
    folder, place = _writable(Path(out)), torch.device(device)
    network = _model(model, dataset)
    size: tuple[int, int] = getattr(network, "input_size", None) or ANY_SIZE
    frames = Frames(dataset, size)
    check_data(network, dataset, frames)
    held_out = Frames(validation, size) if validation else None
    fresh = initialise(network, initial) if initial is not None else []
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if place.type == "cuda" else []):
        torch.manual_seed(seed)
        loop = Loop(network.to(place), frames, settings, transform, place)
        about = {"data": dataset.name, "frames": len(frames), "initial": str(initial or ""), "new_layers": fresh}
        _run(loop, held_out, folder, progress, about)
    network.eval()
    return folder


def _run(
    loop: Loop, held_out: Frames | None, folder: Path, progress: ProgressCallback | None, about: dict[str, Any]
) -> None:
    run = identity(loop.model, loop.frames, loop.settings) | {"initial": about["initial"]}
    history = restore(folder, loop.model, loop.optimizer, run)
    for epoch in range(len(history), loop.settings.epochs):
        losses: list[float] = []
        for number, loss in enumerate(loop.epoch(epoch)):
            losses.append(loss)
            if progress and number + 1 < loop.batches:
                progress(Progress(epoch, loop.settings.epochs, number + 1, loop.batches, loss))
        scores = validate_on(loop.model, held_out, loop.settings.batch_size, loop.device) if held_out else None
        history.append({"loss": sum(losses) / len(losses), **(scores or {})})
        if _is_best(history):
            training = {
                **about,
                "settings": asdict(loop.settings),
                "epoch": epoch,
                **history[-1],
                "torch": torch.__version__,
            }
            save_checkpoint(folder, loop.model.state_dict(), card_of(loop.model, training))
        save_state(folder, loop.model, loop.optimizer, history, run)
        if progress:
            progress(Progress(epoch, loop.settings.epochs, loop.batches, loop.batches, losses[-1], scores))


def _is_best(history: list[dict[str, float]]) -> bool:
    """Whether the last epoch is to be kept: the best validation so far, or simply the last without validation."""
    kept = [sum(epoch[name] for name in ("miou", "accuracy") if name in epoch) for epoch in history]
    return kept[-1] >= max(kept)


def _model(model: str | nn.Module, dataset: Dataset) -> nn.Module:
    if isinstance(model, str):
        model = load_model(model, len(dataset.classes) or None, len(dataset.activities) or None)
    model.classes, model.activities = dataset.classes or None, dataset.activities or None  # type: ignore[assignment]
    return model


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RunError(
            f"Expected a folder that can be written, found {folder} is not ({error}): choose another --out."
        ) from error
    return folder
