"""One model on one batch: from images to the predictions of every task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.device import autocast
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.prediction import Prediction, user_confidence

Model = Callable[[Tensor], dict[str, Tensor]]
"""A network: float (B, 3, H, W) in [0, 1] -> logits by task name, and confidences (:func:`.user_confidence`)."""

Predictions = dict[str, Prediction]
"""Task name -> prediction, for the tasks that the model has."""


@torch.inference_mode()
def predict(
    model: Model,
    images: Tensor,
    tasks: Sequence[Task],
    precision: str = "fp32",
    temperatures: Mapping[str, float] | None = None,
) -> Predictions:
    """Run a model on images (B, 3, H, W) in [0, 1].

    Args:
        tasks: of the run; other outputs of the model are ignored.
        precision: ``fp32`` or ``bf16``.
        temperatures: task -> number that its logits are divided by; the predictions then have them. None for neither.

    Returns:
        A prediction for each task that the model has. A frame with a NaN or infinite logit or confidence in any task is
        invalid in all of them.

    Raises:
        ModelError: the model returns none of the tasks, or tensors of another shape than the contract's.
    """
    with autocast(precision, images.device):
        outputs = model(images)
    _check_outputs(outputs, tasks, len(images))
    size = (images.shape[2], images.shape[3])
    if temperatures is not None:
        outputs = _scaled(outputs, temperatures)
    predictions = {
        task.name: _with_user_confidence(task.decode(outputs[task.name], size), outputs, task.name)
        for task in tasks
        if outputs.get(task.name) is not None
    }
    valid = torch.stack([prediction.valid for prediction in predictions.values()]).all(0)
    if temperatures is not None:
        predictions = {name: replace(each, logits=outputs[name]) for name, each in predictions.items()}
    return {name: replace(prediction, valid=valid) for name, prediction in predictions.items()}


def _scaled(outputs: Mapping[str, Tensor], temperatures: Mapping[str, float]) -> dict[str, Tensor]:
    divided = {name: outputs[name].float() / T for name, T in temperatures.items() if outputs.get(name) is not None}
    return {**outputs, **divided}


def _with_user_confidence(prediction: Prediction, outputs: Mapping[str, Tensor], task: str) -> Prediction:
    confidence = user_confidence(outputs, task, len(prediction.valid))
    if confidence is None:
        return prediction
    confidence = confidence.to(prediction.valid.device)
    valid = prediction.valid & confidence.isfinite()
    return replace(prediction, valid=valid, confidences={**prediction.confidences, "user": confidence})


def _check_outputs(outputs: object, tasks: Sequence[Task], batch: int) -> None:
    if not isinstance(outputs, Mapping) or not any(task.name in outputs for task in tasks):
        got = f"a dict with {', '.join(map(str, outputs))}" if isinstance(outputs, Mapping) else type(outputs).__name__
        names = " or ".join(repr(task.name) for task in reversed(tasks))
        raise ModelError(f"Expected a dict with {names} logits from the model, got {got}.")
    for task in tasks:
        if outputs.get(task.name) is not None:
            task.check_logits(outputs[task.name], batch)
