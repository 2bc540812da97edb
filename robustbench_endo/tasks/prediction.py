"""What a task makes of a model's output."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """The prediction of one task for a batch, on the device of the images.

    Attributes:
        valid: bool (B,), False where a logit of any task was NaN or infinite: such a frame is not scored.
        confidence: float32 (B,), largest class probability, averaged over pixels where there are any.
        entropy: float32 (B,), predictive entropy in nats, averaged likewise.
        label_map: uint8 (B, H, W) at the size of the target, for tasks that predict a map; else None.
    """

    valid: Tensor
    confidence: Tensor
    entropy: Tensor
    label_map: Tensor | None


def finite_frames(logits: Tensor) -> Tensor:
    """Whether all logits of a frame are finite, bool (B,)."""
    return logits.isfinite().flatten(1).all(1)
