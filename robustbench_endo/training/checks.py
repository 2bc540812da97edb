"""What is found out before the first step rather than after the first hour."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_endo.training.errors import TrainingError
from robustbench_endo.training.frames import NO_ACTIVITY, Frames
from robustbench_endo.types import IGNORE, Dataset


def check_data(model: nn.Module, dataset: Dataset, frames: Frames) -> list[str]:
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
                f"Expected a model for the {len(names)} {task} of {dataset.name}, found one for {outputs}: build it "
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
        raise TrainingError(f"Expected masks or activities in {dataset.name}, found neither: nothing can be learnt.")
    if max(kinds.values()) < 2:
        found = " and ".join(f"{count} of the {what}" for what, count in kinds.items() if count)
        raise TrainingError(
            f"Expected at least two kinds of pixels or of frames in {dataset.name}, found only {found}: check the "
            "masks with robust-endo datasets check."
        )


def _absent(names: tuple[str, ...], counts: Tensor) -> list[str]:
    """Names without a pixel or frame; none where the data does not have the task at all."""
    return [name for name, count in zip(names, counts.tolist(), strict=False) if not count] if counts.any() else []


def _largest_labels(frames: Frames) -> list[int]:
    labelled = frames.masks.flatten(1).int()
    labels: list[int] = labelled.masked_fill(labelled == IGNORE, -1).amax(dim=1).tolist()
    return labels


def _check_range(frames: Frames, what: str, labels: list[int], count: int) -> None:
    for name, label in zip(frames.ids, labels, strict=True):
        if label >= count:
            raise TrainingError(
                f"Expected {what} below {count}, found {label} in {name}: correct the data or its labels."
            )
