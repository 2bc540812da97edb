"""What a task makes of a model's output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from robustbench_endo.errors import ModelError
from robustbench_endo.tasks.base import CONFIDENCE, Scores


@dataclass(frozen=True)
class Prediction:
    """The prediction of one task for a batch, on the device of the images.

    Attributes:
        valid: bool (B,), False where a logit of any task was NaN or infinite: such a frame is not scored.
        confidence: float32 (B,), largest class probability, averaged over pixels where there are any.
        entropy: float32 (B,), predictive entropy in nats, averaged likewise.
        label_map: uint8 (B, H, W) at the size of the target, for tasks that predict a map; else None.
        confidences: further confidences, float32 (B,) each, by the names of :attr:`Task.confidences`; NaN where one is
            not defined.
        logits: of the task, divided by the temperature; only where prediction sets or logits are stored.
    """

    valid: Tensor
    confidence: Tensor
    entropy: Tensor
    label_map: Tensor | None
    confidences: Mapping[str, Tensor] = field(default_factory=dict, kw_only=True)
    logits: Tensor | None = field(default=None, kw_only=True)


def finite_frames(logits: Tensor) -> Tensor:
    """Whether all logits of a frame are finite, bool (B,)."""
    return logits.isfinite().flatten(1).all(1)


def confidence_scores(task: str, names: Iterable[str], prediction: Prediction | None, like: Tensor) -> Scores:
    """The columns of further confidences, NaN where there is none or the prediction is not valid.

    Args:
        task: name of the task.
        names: of the confidences, see :attr:`Task.confidences`.
        prediction: None for a model without the task.
        like: (B, ...) on the device of the columns.
    """
    undefined = torch.full((len(like),), torch.nan, device=like.device)
    if prediction is None:
        return {f"{task}_{CONFIDENCE}_{name}": undefined for name in names}
    values = {name: prediction.confidences.get(name, undefined) for name in names}
    return {
        f"{task}_{CONFIDENCE}_{name}": torch.where(prediction.valid, value, torch.nan) for name, value in values.items()
    }


def user_confidence(outputs: Mapping[str, object], task: str, batch: int) -> Tensor | None:
    """The confidence of a task that a model returns besides its logits, float32 (B,); None without one.

    Args:
        outputs: of the model; ``confidence/<task>`` is for one task, ``confidence`` for those without one of their own.
        task: name of the task.
        batch: B.

    Raises:
        ModelError: anything but one number per frame.

    >>> user_confidence({"confidence": torch.tensor([0.5, 2.0])}, "segmentation", 2).tolist()
    [0.5, 2.0]
    """
    key = f"{CONFIDENCE}/{task}"
    key = key if outputs.get(key) is not None else CONFIDENCE
    value = outputs.get(key)
    if value is None:
        return None
    if not isinstance(value, Tensor) or value.shape != (batch,) or value.is_complex() or value.dtype == torch.bool:
        got = f"{value.dtype} {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ModelError(
            f"Expected one number per frame ({batch},) under {key!r} from the model, got {got}: return a tensor (B,), "
            "larger where the model is more confident."
        )
    return value.float()
