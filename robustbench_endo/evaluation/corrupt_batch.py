"""The images of a batch in one condition, and the targets that fit them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch
from robustbench_endo.corruptions.kernels.color.levels import from_bytes
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.results.schema import CLEAN


def corrupt_batch(plan: EvaluationPlan, batch: Batch, condition: Condition) -> tuple[Tensor, dict[str, Tensor]]:
    """Images in 8-bit levels, as a camera delivers them, and the targets that fit them."""
    if condition.corruption == CLEAN:
        return batch.images, dict(batch.targets)
    if condition.corruption in batch.recorded:
        return batch.recorded_images(condition.corruption), dict(batch.targets)
    corrupted = _corrupt_levels(plan, batch, condition)
    return corrupted.images, {task.name: task.warp(batch.targets[task.name], corrupted) for task in plan.tasks}


def _corrupt_levels(plan: EvaluationPlan, batch: Batch, condition: Condition) -> CorruptedBatch:
    """The corrupted batch, its images rounded to 8-bit levels; the pixels of :func:`robustbench_endo.corrupt`."""
    name, severity, replicate = condition
    options = batch.ids, plan.config.seed, replicate, batch.areas or None
    if batch.levels is not None:
        levels = plan.suite.corrupt_bytes(batch.levels, name, severity, *options)
        if levels is not None:
            return CorruptedBatch(torch.from_numpy(from_bytes(levels)))
    corrupted = plan.suite.corrupt(batch.images, name, severity, *options)
    return replace(corrupted, images=(corrupted.images * 255).round_().div_(255))
