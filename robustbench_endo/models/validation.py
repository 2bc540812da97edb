"""Check a model on a small batch, so that one that does not fit is refused before a long run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError
from robustbench_endo.models.external.wrapper import confidence_outputs, to_logits_dict
from robustbench_endo.models.labels import Labels, counts_of, label_spaces
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.prediction import user_confidence
from robustbench_endo.tasks.registry import TASKS, get_task

BATCH = 2
FAILURES = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, ArithmeticError)


def validate(
    model: nn.Module,
    num_classes: int | None = None,
    num_activities: int | None = None,
    size: tuple[int, int] = (128, 160),
    device: torch.device | str = "cpu",
    *,
    labels: Labels | None = None,
) -> dict[str, int]:
    """Run the model on a batch of two frames and on only the first of them, and check the outputs.

    Args:
        model: on ``device``.
        num_classes: mask labels of the data; None or 0 = it has no masks.
        num_activities: activities of the data; None or 0 = it has none.
        size: height and width of the frames.
        device: of the frames.
        labels: task -> number or names of the labels of the data; the general form of the two counts.

    Returns:
        The number of outputs by task.

    Raises:
        ModelError: broken weights; the model fails on the batch, changes it, predicts nothing that the data have, or
            its output is no finite logits of the right shape, count and device.

    Warns:
        UserWarning: two passes differ, a frame's output depends on the rest of the batch, or the scores look like
            probabilities rather than logits.

    >>> validate(torch.nn.Conv2d(3, 4, 1), labels={"segmentation": ("tissue", "shaft", "wrist", "jaw")})
    {'segmentation': 4}
    """
    spec = str(getattr(model, "spec", type(model).__name__))
    refuse_broken_weights(model, spec)
    images = dry_frames(size, torch.device(device))
    _, logits = dry_run(model, spec, images)
    spaces = label_spaces(labels, num_classes=num_classes, num_activities=num_activities)
    check_counts(spec, {task: tensor.shape[1] for task, tensor in logits.items()}, counts_of(spaces))
    _warn_of_inconsistencies(model, spec, images, logits)
    return {task: tensor.shape[1] for task, tensor in logits.items()}


def dry_frames(size: tuple[int, int], device: torch.device, batch: int = BATCH) -> Tensor:
    """Frames of a gradient, float (batch, 3, height, width) in [0, 1]."""
    numbers = torch.linspace(0, 1, batch * 3 * size[0] * size[1], dtype=torch.float32)  # whatever the default is
    return numbers.view(batch, 3, *size).to(device)


def dry_run(model: Callable[[Tensor], Any], spec: str, images: Tensor) -> tuple[object, dict[str, Tensor]]:
    """Run a model on images and check what it returns, whatever the labels of the data are.

    Args:
        model: an ``nn.Module``, in eval mode on the device of the images, or any other callable.
        spec: its name, for error messages.
        images: float (B, 3, H, W) in [0, 1].

    Returns:
        The output of the model, and the logits by task that are read from it.

    Raises:
        ModelError: the model fails, changes the images, returns no finite logits of the right shape and device, or a
            confidence that is no number per frame.
    """
    untouched = images.clone()
    output = _run(model, spec, images)
    logits = to_logits_dict(output, spec)
    if not torch.equal(images, untouched):
        raise ModelError(
            f"Expected the model {spec!r} not to change its input, got it changed: other models get the same frames; "
            "replace in-place operations on the input."
        )
    for task, tensor in logits.items():
        _check_shape(spec, get_task(task), tensor, images)
        user_confidence(confidence_outputs(output), task, len(images))
    return output, logits


def refuse_broken_weights(model: nn.Module, spec: str) -> None:
    """Raise ModelError where a parameter is not finite or a buffer is NaN; infinite buffers may be masks."""
    broken = [name for name, tensor in model.named_parameters() if not tensor.isfinite().all()]
    broken += [name for name, tensor in model.named_buffers() if tensor.isnan().any()]
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise ModelError(
            f"Expected finite weights in the model {spec!r}, got NaN or infinity in {broken[0]}{more}: use an "
            "earlier checkpoint."
        )


def _run(model: Callable[[Tensor], Any], spec: str, images: Tensor) -> object:
    try:
        with torch.inference_mode():
            output: object = model(images)
            return output
    except RobustEndoError:
        raise
    except FAILURES as error:
        reason = (str(error).strip().splitlines() or [""])[0].rstrip(". ")
        raise ModelError(
            f"Cannot run the model {spec!r} on float images {tuple(images.shape)} in [0, 1]: {type(error).__name__}: "
            f"{reason}. Change the model: {_advice(model, images)}."
        ) from error


def _advice(model: object, images: Tensor) -> str:
    """What to do about a model that fails on images."""
    if isinstance(model, nn.Module):
        kinds = {parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()}
        if kinds - {images.dtype}:
            return "convert its weights by model.float(); precision= selects bf16 for the run"
    return "make it accept any size or give it an `input_size`, in an adapter if it is not yours"


def _check_shape(spec: str, task: Task, tensor: Tensor, images: Tensor) -> None:
    if tensor.ndim != len(task.logits_shape) or tensor.shape[0] != len(images) or not tensor.is_floating_point():
        shape = ", ".join(task.logits_shape)
        raise ModelError(
            f"Expected float {task.name} logits ({shape}) with B = {len(images)}, got {tensor.dtype} "
            f"{tuple(tensor.shape)} from the model {spec!r}: return one row of logits per image, before any argmax."
        )
    if tensor.device.type != images.device.type:
        raise ModelError(
            f"Expected {task.name} logits on {images.device.type}, got them on {tensor.device.type} from the model "
            f"{spec!r}: leave them on the device of the images."
        )
    if not tensor.isfinite().all():
        raise ModelError(
            f"Expected finite {task.name} logits, got NaN or infinity from the model {spec!r}: check its weights."
        )


def check_counts(spec: str, outputs: Mapping[str, int], labels: Mapping[str, int]) -> None:
    """Raise ModelError unless a model predicts a task of the data, and as many labels of each as the data have.

    Args:
        spec: name of the model.
        outputs: task -> number of outputs.
        labels: task -> number of labels, for the tasks that the data label.
    """
    tasks = [task.name for task in reversed(TASKS) if task.name in labels]
    if tasks and not set(tasks) & set(outputs):
        raise ModelError(
            f"Expected the model {spec!r} to predict {' or '.join(tasks)}, which is what the data have, got only "
            f"{', '.join(outputs)}: choose other data or another model."
        )
    for task in tasks:
        if task in outputs and outputs[task] != labels[task]:
            raise ModelError(
                f"Expected {labels[task]} {task} outputs as in the data, got {outputs[task]} in the model {spec!r}: "
                "choose a model trained for these labels, or translate its labels in an adapter."
            )


def _warn_of_inconsistencies(model: nn.Module, spec: str, images: Tensor, logits: Mapping[str, Tensor]) -> None:
    again = to_logits_dict(_run(model, spec, images), spec)
    single = to_logits_dict(_run(model, spec, images[:1]), spec)
    for task, tensor in logits.items():
        scale = max(float(tensor.abs().max()), 1.0)
        if _max_difference(again[task], tensor) > 1e-5 * scale:
            _warn(f"{spec!r} gives the same frames different outputs ({task}){_training(model)}: results will differ.")
        elif _max_difference(single[task], tensor[:1]) > 1e-2 * scale:
            _warn(f"{spec!r} gives a frame another output in a batch ({task}){_training(model)}: use eval mode.")
        if looks_like_probabilities(tensor):
            _warn(f'{spec!r} seems to return probabilities ({task}): set scores = "probabilities" in an adapter.')


def _max_difference(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().max())


def looks_like_probabilities(tensor: Tensor) -> bool:
    """Whether logits (B, C, ...) of several labels are not negative and sum to one."""
    sums = tensor.float().sum(1)
    return bool(tensor.shape[1] > 1 and (tensor >= 0).all() and (sums - 1).abs().max() < 1e-3)


def _training(model: nn.Module) -> str:
    modes = sorted({type(module).__name__ for module in model.modules() if module.training and module is not model})
    return f", {', '.join(modes)} in training mode" if modes else ""


def _warn(text: str) -> None:
    warnings.warn(f"The model {text}", stacklevel=4)
