"""One model on one batch: from logits to labels, confidences and entropies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.device import autocast
from robustbench_endo.metrics import confidence_and_entropy
from robustbench_endo.metrics.calibration import lattice


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Labels uint8 (B, H, W) of ``size`` from logits (B, C, h, w).

    The interpolation is that of ``torch.nn.functional.interpolate(mode="bilinear", align_corners=False)``; of equal
    logits the first class wins. On the CPU both steps are one compiled pass: torch's argmax over the channels costs
    more than the network of a small model.
    """
    if logits.device.type == "cpu":
        rows, columns = (taps(length, wanted) for length, wanted in zip(logits.shape[2:], size, strict=True))
        maps = np.ascontiguousarray(logits.float().numpy())
        return torch.from_numpy(np.stack([_largest(item, *rows, *columns) for item in maps]))
    if logits.shape[2:] != size:
        logits = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
    return logits.argmax(1).byte()


def taps(length: int, wanted: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For each wanted position: its two neighbours and the weight of the second."""
    place = np.clip((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0, length - 1)
    low = np.floor(place).astype(np.int64)
    return low, np.minimum(low + 1, length - 1), (place - low).astype(np.float32)


@njit(cache=True, nogil=True)
def _largest(
    logits: NDArray[np.float32],
    top: NDArray[np.int64],
    bottom: NDArray[np.int64],
    down: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    across: NDArray[np.float32],
) -> NDArray[np.uint8]:
    classes, _, length = logits.shape
    height, width = top.size, left.size
    labels = np.zeros((height, width), np.uint8)
    line = np.empty(length, np.float32)
    best = np.empty(width, np.float32)
    for y in range(height):
        best[:] = -np.inf
        for c in range(classes):
            above, below = logits[c, top[y]], logits[c, bottom[y]]
            for x in range(length):
                line[x] = above[x] + down[y] * (below[x] - above[x])
            for x in range(width):
                value = line[left[x]] + across[x] * (line[right[x]] - line[left[x]])
                if value > best[x]:
                    best[x] = value
                    labels[y, x] = c
    return labels


def sampled_confidence(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Largest class probability at the lattice of pixels, float32 (B, rows, columns).

    Args:
        logits: floating (B, C, h, w).
        size: of the mask; logits are brought to it as in :func:`.predict.label_maps`, at the sampled pixels alone.
    """
    (top, bottom, down), (left, right, across) = (
        [torch.from_numpy(values)[lattice(wanted)].to(logits.device) for values in taps(length, wanted)]
        for length, wanted in zip(logits.shape[2:], size, strict=True)
    )
    maps = logits.float()
    above, below = maps.index_select(2, top), maps.index_select(2, bottom)
    lines = above + down[:, None] * (below - above)
    first, second = lines.index_select(3, left), lines.index_select(3, right)
    return (first + across * (second - first)).softmax(1).amax(1)


ModelCall = Callable[[Tensor], dict[str, Tensor]]


@dataclass(frozen=True)
class Answer:
    """What a model said of a batch, on the device of the images; a task it does not have is NaN / -1 / None.

    Attributes:
        labels: uint8 (B, H, W) at the size of the mask, or None.
        sampled_confidence: float32 (B, rows, columns), how sure the labels of a sample of pixels are
            (:func:`.predict.sampled_confidence`), or None.
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
            f"Expected a dict with 'segmentation' (B, C, h, w) or 'activity' (B, K) from the model, got {found}."
        )
    for task, rank in (("segmentation", 4), ("activity", 2)):
        logits = answer.get(task)
        if logits is not None and (logits.ndim != rank or logits.shape[0] != batch):
            raise ModelError(
                f"Expected {task} logits of rank {rank} with a batch of {batch}, got {tuple(logits.shape)}."
            )
    return answer.get("segmentation"), answer.get("activity")
