"""One model on one batch: from logits to labels, confidences and entropies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.labels import label_maps
from robustbench_endo.evaluation.precision import autocast
from robustbench_endo.evaluation.sampling import sampled_confidence
from robustbench_endo.metrics import confidence_and_entropy

ModelCall = Callable[[Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class Answer:
    """What a model said of a batch, on the device of the images; a task it does not have is NaN / -1 / None.

    Attributes:
        labels: uint8 (B, H, W) at the size of the mask, or None.
        sampled_confidence: float32 (B, rows, columns), how sure the labels of a sample of pixels are
            (:func:`.sampling.sampled_confidence`), or None.
        activity: int64 (B,).
        activity_probability: float32 (B, K), or None.
        finite: bool (B,), False where a logit was NaN or infinite: nothing of that frame may be scored.
        segmentation_confidence, segmentation_entropy, activity_confidence, activity_entropy: float32 (B,).
    """

    labels: Tensor | None
    sampled_confidence: Tensor | None
    activity: Tensor
    activity_probability: Tensor | None
    finite: Tensor
    segmentation_confidence: Tensor
    segmentation_entropy: Tensor
    activity_confidence: Tensor
    activity_entropy: Tensor

    def fetched(self) -> Answer:
        """All but the maps on the CPU."""
        small = [field.name for field in fields(self) if field.name != "labels"]
        there = {name: value for name in small if (value := getattr(self, name)) is not None}
        return replace(self, **{name: value.cpu() for name, value in there.items()})


@torch.inference_mode()
def ask(model: ModelCall, images: Tensor, size: tuple[int, int], precision: str = "fp32") -> Answer:
    """Run ``model`` on images (B, 3, H, W) in [0, 1] and bring its masks to ``size`` by bilinear logits.

    Confidence and entropy of the segmentation are means over the pixels of the model's own map.

    Raises:
        ModelError: the model returns neither task, or tensors of another shape than the contract's.
    """
    with autocast(precision, images.device):
        answer = model(images)
    segmentation, activity = _checked(answer, len(images))
    nothing = torch.full((len(images),), torch.nan, device=images.device)
    finite = torch.ones(len(images), dtype=torch.bool, device=images.device)
    for logits in (segmentation, activity):
        if logits is not None:
            finite &= logits.isfinite().flatten(1).all(1)
    s_confidence, s_entropy = (nothing, nothing) if segmentation is None else confidence_and_entropy(segmentation)
    a_confidence, a_entropy = (nothing, nothing) if activity is None else confidence_and_entropy(activity)
    return Answer(
        None if segmentation is None else label_maps(segmentation, size),
        None if segmentation is None else sampled_confidence(segmentation, size),
        torch.full((len(images),), -1) if activity is None else activity.argmax(1),
        None if activity is None else activity.float().softmax(1),
        finite,
        s_confidence,
        s_entropy,
        a_confidence,
        a_entropy,
    )


def _checked(answer: object, batch: int) -> tuple[Tensor | None, Tensor | None]:
    if not isinstance(answer, dict) or not answer.keys() & {"segmentation", "activity"}:
        found = f"a dict with {', '.join(map(str, answer))}" if isinstance(answer, dict) else type(answer).__name__
        raise ModelError(
            f"Expected a dict with 'segmentation' (B, C, h, w) or 'activity' (B, K) from the model, found {found}."
        )
    for task, rank in (("segmentation", 4), ("activity", 2)):
        logits = answer.get(task)
        if logits is not None and (logits.ndim != rank or logits.shape[0] != batch):
            raise ModelError(
                f"Expected {task} logits of rank {rank} with a batch of {batch}, found {tuple(logits.shape)}."
            )
    return answer.get("segmentation"), answer.get("activity")
