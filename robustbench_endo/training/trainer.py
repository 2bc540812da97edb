"""`train`: from a model and a dataset to a checkpoint folder that `load_model` reads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from robustbench_endo.errors import RunError, TrainingError
from robustbench_endo.models.checkpoint import WEIGHTS
from robustbench_endo.models.loading import load_model
from robustbench_endo.models.network import Network
from robustbench_endo.models.shipped import embedded_checkpoint
from robustbench_endo.models.weights import load_matching, read_weights
from robustbench_endo.models.zoo import has_pretrained_trunk
from robustbench_endo.training.activation_checkpointing import activation_checkpointing
from robustbench_endo.training.augmentation import augmentation, overlaps
from robustbench_endo.training.data import NO_ACTIVITY, InMemoryDataset, PrefetchLoader
from robustbench_endo.training.fit import Trainer
from robustbench_endo.training.hardware import Hardware, make_fabric, reproducible
from robustbench_endo.training.settings import ProgressCallback, TrainConfig
from robustbench_endo.training.train_step import Corrupt, TrainStep
from robustbench_endo.types import IGNORE, Dataset


def initialise(model: nn.Module, init_weights: str | Path) -> list[str]:
    """Copies what matches in name and shape.

    Args:
        initial: a checkpoint folder, a weight file, or `"pretrained"`: the embedded checkpoint of the model's spec, or
            timm's weights of its backbone.

    Returns:
        The layers that stay as initialised, usually the classifiers of other label sets.

    Raises:
        ModelError: no such file, or nothing in common.
    """
    spec = str(getattr(model, "spec", ""))
    if init_weights == "pretrained" and isinstance(model, Network) and has_pretrained_trunk(spec):
        fresh = model.adopt_trunk("pretrained")
    else:
        place = embedded_checkpoint(spec) if init_weights == "pretrained" else Path(init_weights)
        fresh = load_matching(model, read_weights(place / WEIGHTS if place.is_dir() else place))
    return sorted({name.rpartition(".")[0] for name in fresh})


def check_data(model: nn.Module, dataset: Dataset, frames: InMemoryDataset) -> list[str]:
    """The model has one output per label of the data, every label is one of them, and there is something to tell apart.

    Returns:
        The labels that no frame has (holes in the range): they cannot be learnt, which the model's card says.

    Raises:
        TrainingError: other counts, a label outside the range (names the frame), or data of one class only.
    """
    for task, names in (("classes", dataset.classes), ("activities", dataset.activities)):
        outputs = getattr(model, f"num_{task}", None)
        if outputs and outputs != len(names):
            raise TrainingError(
                f"Expected a model for the {len(names)} {task} of {dataset.name}, got one for {outputs}: build it "
                f"with num_{task}={len(names)}."
            )
    _check_range(frames, "mask labels", _largest_labels(frames), len(dataset.classes))
    _check_range(frames, "activities", frames.activities.tolist(), len(dataset.activities))
    pixels = torch.bincount(frames.masks[frames.masks != IGNORE].flatten(), minlength=len(dataset.classes))
    counts = torch.bincount(frames.activities[frames.activities != NO_ACTIVITY], minlength=len(dataset.activities))
    _check_variety(dataset, pixels, counts)
    return [*_absent(dataset.classes, pixels), *_absent(dataset.activities, counts)]


def _check_variety(dataset: Dataset, pixels: Tensor, activities: Tensor) -> None:
    kinds = {"mask labels": int((pixels > 0).sum()), "activities": int((activities > 0).sum())}
    if not any(kinds.values()):
        raise TrainingError(f"Expected masks or activities in {dataset.name}, got neither: nothing can be learnt.")
    if max(kinds.values()) < 2:
        found = " and ".join(f"{count} of the {what}" for what, count in kinds.items() if count)
        raise TrainingError(
            f"Expected at least two kinds of pixels or of frames in {dataset.name}, got only {found}: check the "
            "masks with robust-endo datasets check."
        )


def _absent(names: tuple[str, ...], counts: Tensor) -> list[str]:
    """Names without a pixel or frame; none where the data does not have the task at all."""
    return [name for name, count in zip(names, counts.tolist(), strict=False) if not count] if counts.any() else []


def _largest_labels(frames: InMemoryDataset) -> list[int]:
    labelled = frames.masks.flatten(1).int()
    labels: list[int] = labelled.masked_fill(labelled == IGNORE, -1).amax(dim=1).tolist()
    return labels


def _check_range(frames: InMemoryDataset, what: str, labels: list[int], count: int) -> None:
    for name, label in zip(frames.ids, labels, strict=True):
        if label >= count:
            raise TrainingError(
                f"Expected {what} below {count}, got {label} in {name}: correct the data or its labels."
            )


ANY_SIZE = (224, 288)
"""Training size of a user's model that names no input size."""


def train(
    model: str | nn.Module,
    dataset: Dataset,
    validation: Dataset | None = None,
    settings: TrainConfig | None = None,
    *,
    out: str | Path,
    hardware: Hardware | None = None,
    init_weights: str | Path | None = None,
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
    settings, hardware = settings or TrainConfig(), hardware or Hardware()
    folder = _writable(Path(out))
    fabric = make_fabric(hardware, settings.precision)
    with reproducible(settings.seed, fabric):
        network = _model(model, dataset)
        size: tuple[int, int] = getattr(network, "input_size", None) or ANY_SIZE
        frames = InMemoryDataset(dataset, size)
        absent = check_data(network, dataset, frames)
        held_out = InMemoryDataset(validation, size) if validation else None
        fresh = initialise(network, init_weights) if init_weights is not None else []
        torch.manual_seed(settings.seed + fabric.global_rank)  # each process has dropout of its own
        loader = PrefetchLoader(
            frames,
            settings.batch_size,
            settings.seed,
            lambda: augmentation(settings.augment, settings.augmix),
            fabric.global_rank,
            fabric.world_size,
            hardware.threads,
        )
        loop = TrainStep(fabric.to_device(network), loader, settings, fabric, corrupt)
        about = {
            "data": dataset.name,
            "frames": len(frames),
            "initial": str(init_weights or ""),
            "new_layers": fresh,
            "labels_without_example": absent,
            "trained_on": sorted({*settings.corruptions, *overlaps(settings.augment)}),
        }
        with activation_checkpointing(network) if settings.activation_checkpointing else nullcontext():
            Trainer(loop, folder, held_out, about, tuple(log), progress).fit()
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
            f"Expected a folder that can be written, got {folder} is not ({error}): choose another --out."
        ) from error
    return folder
