"""Compilation of the kernels of a GPU while the first frames are decoded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import torch

from robustbench_endo.corruptions.compound import SEPARATOR
from robustbench_endo.evaluation.batch import Batch, read_batches
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.corrupt_batch import CorruptedFrames, corrupt_batch
from robustbench_endo.evaluation.device import finish, use_device
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.predict import Predictions
from robustbench_endo.results.schema import CLEAN

Score = Callable[[EvaluationPlan, Batch, Condition, CorruptedFrames, Mapping[str, Predictions]], object]
"""As :func:`.loop.score_batch`."""

MAX_THREADS = 8
"""Kernels compiled at a time; most of the compilation is outside of Python."""
MAP_SIDE = 64
"""Height and width of the logits of a map."""

_warm: set[Hashable] = set()


def warm_up(plan: EvaluationPlan, chunks: Sequence[int], score: Score) -> None:
    """Corrupt and score two frames in several threads, on CUDA, once per process: Triton compiles in parallel.

    In the run, conditions take turns with each stage and would wait for one compilation after the other. An error is
    ignored here: if it is not of these frames only, the run meets it again and reports it.

    Args:
        plan: of the run.
        chunks: those to compute.
        score: the run's, called with the predictions of a model that knows nothing.
    """
    key = plan.device, plan.suite.fingerprint, tuple(plan.corruptions)
    if plan.device.type != "cuda" or not chunks or key in _warm:
        return
    _warm.add(key)
    with suppress(Exception):
        first = plan.chunks[chunks[0]][:2]  # Triton compiles another kernel for the number 1
        batches, _ = read_batches(plan.dataset, first, plan.suite.resolution, plan.tasks)
        run_once(plan, batches[0].to(plan.device), score)


def run_once(plan: EvaluationPlan, batch: Batch, score: Score) -> None:
    """Compute a batch clean and at the ends of the severities of every corruption and part of a compound."""
    ends = dict.fromkeys((min(plan.config.run_severities), max(plan.config.run_severities)))
    names = dict.fromkeys(part for name in plan.corruptions for part in name.split(SEPARATOR))
    conditions = [Condition(CLEAN, 0), *(Condition(name, end) for name in names for end in ends)]
    with ThreadPoolExecutor(MAX_THREADS, initializer=use_device, initargs=(plan.device,)) as pool:
        list(pool.map(partial(_compute, plan, batch, score), conditions))
    finish(plan.device)


def _compute(plan: EvaluationPlan, batch: Batch, score: Score, condition: Condition) -> None:
    """Corrupt a batch; score it where that may need other kernels: clean, where targets moved, where some is hidden."""
    with suppress(Exception):
        frames = corrupt_batch(plan, batch, condition)
        moved = any(frames.targets[name] is not target for name, target in batch.targets.items())
        if moved or frames.hidden is not None or condition.corruption == CLEAN:
            score(plan, batch, condition, frames, {"warm-up": predict_nothing(plan, batch)})


@torch.inference_mode()
def predict_nothing(plan: EvaluationPlan, batch: Batch) -> Predictions:
    """Predictions of logits without meaning, which have every label somewhere."""
    dtype = torch.bfloat16 if plan.precision == "bf16" else torch.float32
    size = (batch.images.shape[2], batch.images.shape[3])
    predictions = {}
    for task in plan.tasks:
        shape = len(batch), len(plan.labels[task.name]), *(MAP_SIDE for _ in task.logits_shape[2:])
        numbers = torch.arange(torch.Size(shape).numel(), device=plan.device)
        predictions[task.name] = task.decode(numbers.sin().reshape(shape).to(dtype), size)
    return predictions
