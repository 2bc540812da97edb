"""The images of a batch in one condition, and the targets that fit them."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch
from robustbench_endo.corruptions.kernels.color.levels import from_bytes, to_levels
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.results.schema import CLEAN

HIDDEN = 0.5
"""Opacity from which the scene counts as hidden."""


class CorruptedFrames(NamedTuple):
    """The frames of a batch in one condition.

    Attributes:
        images: (B, 3, H, W), values of 8-bit levels in [0, 1].
        targets: task name -> targets that fit the images.
        hidden: bool (B, H, W), pixels where the condition hides the scene; None for one that covers nothing.
    """

    images: Tensor
    targets: dict[str, Tensor]
    hidden: Tensor | None = None


def corrupt_batch(plan: EvaluationPlan, batch: Batch, condition: Condition) -> CorruptedFrames:
    """Images in 8-bit levels, as a camera delivers them, the targets that fit them, and what is hidden."""
    if condition.corruption == CLEAN:
        return CorruptedFrames(batch.images, dict(batch.targets))
    if condition.corruption in batch.recorded:  # what its smoke or blood hides is not known
        return CorruptedFrames(batch.recorded_images(condition.corruption), dict(batch.targets))
    corrupted = _corrupt_levels(plan, batch, condition)
    targets = {task.name: task.warp(batch.targets[task.name], corrupted) for task in plan.tasks}
    hidden = None if corrupted.opacity is None else corrupted.opacity[:, 0] >= HIDDEN
    return CorruptedFrames(corrupted.images, targets, hidden)


def byte_levels(images: Tensor) -> Tensor:
    """The 8-bit levels of images."""
    # One pass on the CPU, where torch's three write as many images.
    if images.device.type == "cpu":
        return torch.from_numpy(to_levels(images.numpy()))
    return (images * 255).round().byte()


def _corrupt_levels(plan: EvaluationPlan, batch: Batch, condition: Condition) -> CorruptedBatch:
    """The corrupted batch, its images rounded to 8-bit levels; the pixels of :func:`robustbench_endo.corrupt`."""
    name, severity, replicate = condition
    options = batch.ids, plan.config.seed, replicate, batch.areas or None
    if batch.levels is not None:
        levels = plan.suite.corrupt_bytes(batch.levels, name, severity, *options)
        if levels is not None:  # nothing is hidden or moved: such a corruption has no implementation for bytes
            return CorruptedBatch(torch.from_numpy(from_bytes(levels)))
    corrupted = plan.suite.corrupt(batch.images, name, severity, *options)
    return replace(corrupted, images=(corrupted.images * 255).round_().div_(255))
