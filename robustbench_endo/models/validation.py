"""One dry batch, so that a model that does not fit is refused before a long run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models.foreign import as_contract

BATCH = 2


def validate(
    model: nn.Module,
    num_classes: int | None,
    num_activities: int | None,
    size: tuple[int, int] = (128, 160),
    device: torch.device | str = "cpu",
) -> dict[str, int]:
    """Runs the model on a batch of two frames and checks what comes back.

    Args:
        num_classes: mask labels of the data; None or 0 = do not check.
        num_activities: activities of the data; None or 0 = do not check.
        size: height and width of the dry frames.

    Returns:
        The number of outputs by task.

    Raises:
        ModelError: the model fails on the batch, or its output is no finite logits of the right shape and count.
    """
    spec = str(getattr(model, "spec", type(model).__name__))
    logits = as_contract(_run(model, spec, size, torch.device(device)), spec)
    for task, tensor in logits.items():
        _check_shape(spec, task, tensor)
    found = {task: tensor.shape[1] for task, tensor in logits.items()}
    for task, wanted in (("segmentation", num_classes), ("activity", num_activities)):
        if wanted and task in found and found[task] != wanted:
            raise ModelError(
                f"Expected {wanted} {task} outputs as in the data, found {found[task]} in the model {spec!r}: choose a "
                "model trained for these labels."
            )
    return found


def _run(model: nn.Module, spec: str, size: tuple[int, int], device: torch.device) -> object:
    images = torch.linspace(0, 1, BATCH * 3 * size[0] * size[1]).view(BATCH, 3, *size).to(device)
    try:
        with torch.inference_mode():
            output: object = model(images)
            return output
    except ModelError:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError, AttributeError, AssertionError) as error:
        raise ModelError(
            f"Expected the model {spec!r} to take float images ({BATCH}, 3, {size[0]}, {size[1]}) in [0, 1], found "
            f"that it fails on them ({type(error).__name__}: {error}): make it accept any size or give it an "
            "`input_size`."
        ) from error


def _check_shape(spec: str, task: str, tensor: Tensor) -> None:
    rank = {"segmentation": 4, "activity": 2}[task]
    if tensor.ndim != rank or tensor.shape[0] != BATCH or not tensor.is_floating_point():
        wanted = "(B, C, h, w)" if rank == 4 else "(B, K)"
        raise ModelError(
            f"Expected float {task} logits {wanted} with B = {BATCH}, found {tensor.dtype} {tuple(tensor.shape)} from "
            f"the model {spec!r}: return one row of logits per image."
        )
    if not tensor.isfinite().all():
        raise ModelError(
            f"Expected finite {task} logits, found NaN or infinity from the model {spec!r}: check its weights."
        )
