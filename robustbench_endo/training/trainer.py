"""`train`: from a model and a dataset to a checkpoint folder that `load_model` reads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import nn

from robustbench_endo.errors import RunError
from robustbench_endo.models.loading import load_model
from robustbench_endo.training.augmentation import augmentation, overlaps
from robustbench_endo.training.checkpointing import activation_checkpointing
from robustbench_endo.training.checks import check_data
from robustbench_endo.training.frames import Frames
from robustbench_endo.training.hardware import Hardware, make_fabric
from robustbench_endo.training.initial import initialise
from robustbench_endo.training.loader import Loader
from robustbench_endo.training.loop import Corrupt, Loop
from robustbench_endo.training.reproducible import reproducible
from robustbench_endo.training.run import Run
from robustbench_endo.training.settings import ProgressCallback, Settings
from robustbench_endo.types import Dataset

ANY_SIZE = (224, 288)
"""Training size of a user's model that names no input size."""


def train(
    model: str | nn.Module,
    dataset: Dataset,
    validation: Dataset | None = None,
    settings: Settings | None = None,
    *,
    out: str | Path,
    hardware: Hardware | None = None,
    initial: str | Path | None = None,
    corrupt: Corrupt | None = None,
    log: Sequence[str] = (),
    progress: ProgressCallback | None = None,
) -> Path:
    """Trains, saving after every epoch; called again with the same arguments it resumes where it was killed.

    Args:
        model: a spec (built for the dataset's labels) or a model from ``load_model``.
        dataset: frames to train on; a missing mask or activity costs nothing.
        validation: frames that choose the epoch that is kept; without them the last one is.
        settings: how; the same settings on the same machine give the same weights, bit for bit.
        out: folder of the checkpoint (model.safetensors, model.json), the curves (history.csv) and the state to
            resume from (state.pt).
        hardware: where.
        initial: checkpoint folder, weight file or `"pretrained"` to start from; other label sets get fresh classifiers.
        corrupt: corruption augmentation; its names belong into ``settings.corruptions``.
        log: further places for the curves, see :mod:`robustbench_endo.training.loggers`.
        progress: called after every step.

    Returns:
        ``out``.

    Raises:
        TrainingError: settings, data or a loss that cannot be used.
        RunError: ``out`` cannot be written, or holds a run with other settings.
        ModelError, UnknownNameError, OptionalDependencyError: from the model, its weights and the augmentation.
    """
    settings, hardware = settings or Settings(), hardware or Hardware()
    folder = _writable(Path(out))
    fabric = make_fabric(hardware, settings.precision)
    with reproducible(settings.seed, fabric):
        network = _model(model, dataset)
        size: tuple[int, int] = getattr(network, "input_size", None) or ANY_SIZE
        frames = Frames(dataset, size)
        absent = check_data(network, dataset, frames)
        held_out = Frames(validation, size) if validation else None
        fresh = initialise(network, initial) if initial is not None else []
        torch.manual_seed(settings.seed + fabric.global_rank)  # each process has dropout of its own
        loader = Loader(
            frames,
            settings.batch_size,
            settings.seed,
            lambda: augmentation(settings.augment, settings.mix),
            fabric.global_rank,
            fabric.world_size,
            hardware.threads,
        )
        loop = Loop(fabric.to_device(network), loader, settings, fabric, corrupt)
        about = {
            "data": dataset.name,
            "frames": len(frames),
            "initial": str(initial or ""),
            "new_layers": fresh,
            "labels_without_example": absent,
            "trained_on": sorted({*settings.corruptions, *overlaps(settings.augment)}),
        }
        with activation_checkpointing(network) if settings.activation_checkpointing else nullcontext():
            Run(loop, folder, held_out, about, tuple(log), progress).go()
    network.eval()
    return folder


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
        probe.unlink(missing_ok=True)  # another process of the same run may have been quicker
    except OSError as error:
        raise RunError(
            f"Expected a folder that can be written, found {folder} is not ({error}): choose another --out."
        ) from error
    return folder
