"""How sure a model is of its label at a fixed sample of pixels, for the calibration of the segmentation."""

from __future__ import annotations

import torch
from torch import Tensor

from robustbench_endo.evaluation.labels import taps
from robustbench_endo.metrics.calibration import lattice


def sampled_confidence(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Largest class probability at the lattice of pixels, float32 (B, rows, columns).

    Args:
        logits: floating (B, C, h, w).
        size: of the mask; logits are brought to it as in :func:`.labels.label_maps`, at the sampled pixels alone.
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
