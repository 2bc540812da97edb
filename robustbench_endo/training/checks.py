"""What is found out before the first step rather than after the first hour."""

from __future__ import annotations

from torch import nn

from robustbench_endo.training.errors import TrainingError
from robustbench_endo.training.frames import NO_ACTIVITY, Frames
from robustbench_endo.types import IGNORE, Dataset


def check_data(model: nn.Module, dataset: Dataset, frames: Frames) -> None:
    """The model has one output per label of the data, and every label is one of them.

    Raises:
        TrainingError: other counts, or a label outside the range; names the frame.
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
    if all(label == NO_ACTIVITY for label in frames.activities.tolist()) and bool((frames.masks == IGNORE).all()):
        raise TrainingError(f"Expected masks or activities in {dataset.name}, found neither: nothing can be learnt.")


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
