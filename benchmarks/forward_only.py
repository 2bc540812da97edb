"""A run interleaved with only its forward passes, chunk by chunk: both meet the same state of the machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import torch
from synthetic_inputs import run
from torch import Tensor

from robustbench_endo.evaluation import loop
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.device import autocast, deterministic
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.loop import Advance, evaluate_chunk, evaluate_chunks, read_chunk
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.records import Records
from robustbench_endo.evaluation.stored_predictions import Write
from robustbench_endo.evaluation.workers import AdaptiveBatchSize, Workers


@dataclass(frozen=True)
class Times:
    """Seconds of a run, and of only the forward passes of the same models on the same frames x conditions.

    Attributes:
        total: from the plan to the results on disk, without the additional forward passes.
        forward: of the additional forward passes.
        processor: processor seconds of both, which other processes influence less.
        overhead: seconds of the run before the first chunk and after the last: merged records, largest drops.
        phases: seconds per phase of the run, summed over threads.
        evaluations: frames x conditions of either.
    """

    total: float
    forward: float
    processor: tuple[float, float]
    overhead: float
    phases: dict[str, float]
    evaluations: int

    @property
    def ratio(self) -> float:
        """Total over forward passes."""
        return self.total / self.forward

    def row(self) -> dict[str, Any]:
        """For the result file."""
        return {
            "passes": self.evaluations,
            "whole_s": round(self.total, 2),
            "forward_s": round(self.forward, 2),
            "ratio": round(self.ratio, 3),
            "processor_ratio": round(self.processor[0] / self.processor[1], 3),
            "around_s": round(self.overhead, 2),
            "whole_passes_per_s": round(self.evaluations / self.total, 2),
            "phases_s": {name: round(seconds, 2) for name, seconds in self.phases.items()},
        }


def compare_with_forward(plan: EvaluationPlan) -> Times:
    """Run a plan into its folder, which must be new, interleaved with only its forward passes.

    On a GPU the first chunk is computed once before, without being counted: it compiles and selects kernels.
    """
    forward, profiler = ForwardOnly(), Profiler()
    start, processor = time.perf_counter(), time.process_time()
    run(plan, profiler, forward.engine)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    return Times(
        total=seconds - forward.seconds,
        forward=forward.forward,
        processor=(processor - forward.processor, forward.processor),
        overhead=seconds - forward.engine_seconds,
        phases=profiler.phases(),
        evaluations=forward.evaluations,
    )


@dataclass
class ForwardOnly:
    """The local engine, which after each chunk times only its forward passes.

    Attributes:
        forward: seconds of the timed passes; ``seconds`` includes their preparation.
        processor: processor seconds in ``seconds``; ``engine_seconds`` of everything that the engine did.
        evaluations: frames x conditions.
    """

    forward: float = 0.0
    seconds: float = 0.0
    processor: float = 0.0
    engine_seconds: float = 0.0
    evaluations: int = 0

    def engine(self, plan: EvaluationPlan, chunks: Sequence[int], profiler: Profiler, advance: Advance) -> None:
        """See :class:`robustbench_endo.evaluation.plan.Engine`."""
        start, processor = time.perf_counter(), time.process_time()
        if plan.device.type == "cuda":
            warm_up(plan, chunks[0])
            self.seconds, self.processor = time.perf_counter() - start, time.process_time() - processor
        with mock.patch.object(loop, "evaluate_chunk", self._evaluate_chunk):
            evaluate_chunks(plan, chunks, profiler, advance)
        self.engine_seconds += time.perf_counter() - start

    def _evaluate_chunk(
        self,
        plan: EvaluationPlan,
        batches: Sequence[Batch],
        workers: Workers,
        profiler: Profiler,
        batch_size: AdaptiveBatchSize,
        advance: Advance,
        write: Write,
    ) -> Records:
        records = evaluate_chunk(plan, batches, workers, profiler, batch_size, advance, write)
        start, processor = time.perf_counter(), time.process_time()
        for frames in batches:
            for indices in batch_size.split(len(frames), frames.pixels):
                self.forward += forward_passes(plan, frames.select(indices).to(plan.device), workers)
                self.evaluations += len(indices) * len(plan.conditions)
        self.seconds += time.perf_counter() - start
        self.processor += time.process_time() - processor
        return records


def warm_up(plan: EvaluationPlan, chunk: int) -> None:
    """Compute a chunk without storing anything."""
    batches, _ = read_chunk(plan, chunk, Profiler())
    without_gallery = replace(plan, gallery=GalleryWriter(None, (), ()))
    batch_size = AdaptiveBatchSize(plan.config.batch_size, plan.max_pixels)
    with deterministic(), Workers(plan.models, plan.device, plan.config.workers) as workers:
        evaluate_chunk(without_gallery, batches, workers, Profiler(), batch_size, lambda steps, condition="": None)


def forward_passes(plan: EvaluationPlan, batch: Batch, workers: Workers) -> float:
    """Seconds of a forward pass of every model at every condition by the same threads; the outputs are dropped."""

    @torch.inference_mode()
    def forward(batch: Batch, condition: object) -> int:
        with workers.models() as models, autocast(plan.precision, batch.images.device):
            for model in models.values():
                model(batch.images)
        return len(batch)

    synchronize(batch.images)
    start = time.perf_counter()
    for _ in workers.map(forward, batch, plan.conditions, AdaptiveBatchSize(None)):
        pass
    synchronize(batch.images)
    return time.perf_counter() - start


def synchronize(images: Tensor) -> None:
    """Wait for the device of the images."""
    if images.device.type == "cuda":
        torch.cuda.synchronize(images.device)
