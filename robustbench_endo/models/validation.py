"""Dry batches, so that a model that does not fit is refused before a long run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError, RobustEndoError
from robustbench_endo.models.external.wrapper import as_contract

BATCH = 2
FAILURES = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, NotImplementedError)


def validate(
    model: nn.Module,
    num_classes: int | None,
    num_activities: int | None,
    size: tuple[int, int] = (128, 160),
    device: torch.device | str = "cpu",
) -> dict[str, int]:
    """Runs the model on a batch of two frames and on the first of them alone, and checks what comes back.

    Args:
        num_classes: mask labels of the data; None or 0 = it has no masks.
        num_activities: activities of the data; None or 0 = it has none.
        size: height and width of the dry frames.

    Returns:
        The number of outputs by task.

    Raises:
        ModelError: broken weights; the model fails on the batch, changes it, predicts nothing that the data have, or
            its output is no finite logits of the right shape, count and device.

    Warns:
        UserWarning: two passes differ, a frame's answer depends on the rest of the batch, or the scores look like
            probabilities rather than logits.
    """
    spec = str(getattr(model, "spec", type(model).__name__))
    refuse_broken_weights(model, spec)
    images = _frames(size, torch.device(device))
    untouched = images.clone()
    logits = as_contract(_run(model, spec, images), spec)
    if not torch.equal(images, untouched):
        raise ModelError(
            f"Expected the model {spec!r} to leave its input alone, got it changed: other models see the same "
            "frames; replace in-place operations on the input."
        )
    for task, tensor in logits.items():
        _check_shape(spec, task, tensor, images.device)
    found = {task: tensor.shape[1] for task, tensor in logits.items()}
    _check_counts(spec, found, {"segmentation": num_classes or 0, "activity": num_activities or 0})
    _warn_of_surprises(model, spec, images, logits)
    return found


def refuse_broken_weights(model: nn.Module, spec: str) -> None:
    """Raises ModelError where a parameter is not finite or a buffer is NaN; infinite buffers may be masks."""
    broken = [name for name, tensor in model.named_parameters() if not tensor.isfinite().all()]
    broken += [name for name, tensor in model.named_buffers() if tensor.isnan().any()]
    if broken:
        more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise ModelError(
            f"Expected finite weights in the model {spec!r}, got NaN or infinity in {broken[0]}{more}: use an "
            "earlier checkpoint."
        )


def _frames(size: tuple[int, int], device: torch.device) -> Tensor:
    return torch.linspace(0, 1, BATCH * 3 * size[0] * size[1]).view(BATCH, 3, *size).to(device)


def _run(model: nn.Module, spec: str, images: Tensor) -> object:
    try:
        with torch.inference_mode():
            output: object = model(images)
            return output
    except RobustEndoError:
        raise
    except FAILURES as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise ModelError(
            f"Expected the model {spec!r} to take float images {tuple(images.shape)} in [0, 1], got "
            f"that it fails on them ({type(error).__name__}: {reason}): make it accept any size or give it an "
            "`input_size`, in an adapter if it is not yours."
        ) from error


def _check_shape(spec: str, task: str, tensor: Tensor, device: torch.device) -> None:
    rank = {"segmentation": 4, "activity": 2}[task]
    if tensor.ndim != rank or tensor.shape[0] != BATCH or not tensor.is_floating_point():
        wanted = "(B, C, h, w)" if rank == 4 else "(B, K)"
        raise ModelError(
            f"Expected float {task} logits {wanted} with B = {BATCH}, got {tensor.dtype} {tuple(tensor.shape)} from "
            f"the model {spec!r}: return one row of logits per image, before any argmax."
        )
    if tensor.device.type != device.type:
        raise ModelError(
            f"Expected {task} logits on {device.type}, got them on {tensor.device.type} from the model {spec!r}: "
            "leave them on the device of the images."
        )
    if not tensor.isfinite().all():
        raise ModelError(
            f"Expected finite {task} logits, got NaN or infinity from the model {spec!r}: check its weights."
        )


def _check_counts(spec: str, found: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    asked = [task for task, count in wanted.items() if count]
    if asked and not set(asked) & set(found):
        raise ModelError(
            f"Expected the model {spec!r} to predict {' or '.join(asked)}, which is what the data have, got only "
            f"{', '.join(found)}: choose other data or another model."
        )
    for task in asked:
        if task in found and found[task] != wanted[task]:
            raise ModelError(
                f"Expected {wanted[task]} {task} outputs as in the data, got {found[task]} in the model {spec!r}: "
                "choose a model trained for these labels, or translate its labels in an adapter."
            )


def _warn_of_surprises(model: nn.Module, spec: str, images: Tensor, logits: Mapping[str, Tensor]) -> None:
    again = as_contract(_run(model, spec, images), spec)
    alone = as_contract(_run(model, spec, images[:1]), spec)
    for task, tensor in logits.items():
        scale = max(float(tensor.abs().max()), 1.0)
        if _apart(again[task], tensor) > 1e-5 * scale:
            _warn(f"{spec!r} answers the same frames differently ({task}){_training(model)}: results will not repeat.")
        elif _apart(alone[task], tensor[:1]) > 1e-2 * scale:
            _warn(f"{spec!r} answers a frame differently beside others ({task}){_training(model)}: use eval mode.")
        if _sums_to_one(tensor):
            _warn(f'{spec!r} seems to return probabilities ({task}): set scores = "probabilities" in an adapter.')


def _apart(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().max())


def _sums_to_one(tensor: Tensor) -> bool:
    sums = tensor.float().sum(1)
    return bool(tensor.shape[1] > 1 and (tensor >= 0).all() and (sums - 1).abs().max() < 1e-3)


def _training(model: nn.Module) -> str:
    modes = sorted({type(module).__name__ for module in model.modules() if module.training and module is not model})
    return f", {', '.join(modes)} in training mode" if modes else ""


def _warn(text: str) -> None:
    warnings.warn(f"The model {text}", stacklevel=4)
