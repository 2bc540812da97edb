"""Label maps, confidence and entropy of segmentation logits on a GPU: by Triton, or in plain torch."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.kernels.triton_support import use_triton
from robustbench_endo.metrics.calibration import confidence_and_entropy, sample_positions
from robustbench_endo.tasks.prediction import finite_frames
from robustbench_endo.tasks.segmentation.interpolation import interpolation_weights


def label_maps(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """:func:`.decode.label_maps` on the device of the logits."""
    if use_triton(logits.device):
        from robustbench_endo.tasks.segmentation import decode_triton

        return decode_triton.label_maps(logits, size)
    if logits.shape[2:] != size:
        logits = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
    return logits.argmax(1).byte()


def summarise(logits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whether all logits of a frame are finite, and its mean confidence and entropy: bool and float32 (B,)."""
    if use_triton(logits.device):
        from robustbench_endo.tasks.segmentation import decode_triton

        return decode_triton.summarise(logits)
    return finite_frames(logits), *confidence_and_entropy(logits)


def sampled_confidence(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """:func:`.decode.sampled_confidence` on the device of the logits, without an upload."""
    (top, bottom, down), (left, right, across) = (
        [device_table(_sampled_weights, logits.device, length, target, part) for part in range(3)]
        for length, target in zip(logits.shape[2:], size, strict=True)
    )
    above, below = logits.index_select(2, top).float(), logits.index_select(2, bottom).float()
    lines = above + down[:, None] * (below - above)
    first, second = lines.index_select(3, left), lines.index_select(3, right)
    return (first + across * (second - first)).softmax(1).amax(1)


def _sampled_weights(length: int, target: int, part: int) -> NDArray[Any]:
    """One of the arrays of :func:`interpolation_weights` at the sampled positions."""
    sampled: NDArray[Any] = interpolation_weights(length, target)[part][sample_positions(target).numpy()]
    return sampled
