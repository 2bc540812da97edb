"""A run whose every chunk is followed by the forward passes alone: both meet the same moment of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import Tensor

from robustbench_endo import evaluation
from robustbench_endo.evaluation.device import autocast
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.loop import evaluate_frames
from robustbench_endo.evaluation.plan import Read, Work
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.workers import Workers


@dataclass(frozen=True)
class Times:
    """Seconds of a run, and of the same models on the same frames x conditions without anything else.

    Attributes:
        whole: from the request to the results on disk, the forward passes alone taken out.
        forward: of the forward passes alone.
        processor: processor seconds of the whole and of the forward passes alone: what is left of the two when other
            processes take the cores away.
        around: seconds of the whole before the first chunk and after the last: records merged, worst pictures kept.
        phases: seconds a phase of the whole, summed over threads.
        passes: frames x conditions of one side.
    """

    whole: float
    forward: float
    processor: tuple[float, float]
    around: float
    phases: dict[str, float]
    passes: int

    @property
    def ratio(self) -> float:
        """Whole over forward alone."""
        return self.whole / self.forward

    def row(self) -> dict[str, Any]:
        """For the result file."""
        return {
            "passes": self.passes,
            "whole_s": round(self.whole, 2),
            "forward_s": round(self.forward, 2),
            "ratio": round(self.ratio, 3),
            "processor_ratio": round(self.processor[0] / self.processor[1], 3),
            "around_s": round(self.around, 2),
            "whole_passes_per_s": round(self.passes / self.whole, 2),
            "phases_s": {name: round(seconds, 2) for name, seconds in self.phases.items()},
        }


def side_by_side(request: evaluation.Request) -> Times:
    """Run ``request`` into its folder, which must be new, in turn with its forward passes alone.

    On a GPU the first chunk is computed once before, and not counted: kernels are compiled and chosen then.
    """
    alone, clock = Alone(), Clock()
    start, worked = time.perf_counter(), time.process_time()
    evaluation.run(request, clock=clock, engine=alone.engine)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    return Times(
        whole=seconds - alone.seconds,
        forward=alone.forward,
        processor=(worked - alone.processor, alone.processor),
        around=seconds - alone.engine_seconds,
        phases=clock.phases(),
        passes=alone.passes,
    )


@dataclass
class Alone:
    """An engine that is the local one, and after each chunk times its forward passes alone.

    Attributes:
        forward: seconds of the timed passes; ``seconds``: these and all that preparing them took.
        processor: processor seconds in ``seconds``; engine_seconds: of all that the engine did.
        passes: frames x conditions.
    """

    forward: float = 0.0
    seconds: float = 0.0
    processor: float = 0.0
    engine_seconds: float = 0.0
    passes: int = 0

    def engine(self, work: Work, numbers: Sequence[int], clock: Clock, advance: Callable[[int], None]) -> None:
        """See :class:`robustbench_endo.evaluation.plan.Engine`."""
        given = {item.name: getattr(work, item.name) for item in fields(Work)}
        start, worked = time.perf_counter(), time.process_time()
        if work.job.device.type == "cuda":
            local(_Discarded(**given), numbers[:1], Clock(), lambda done: None)
            self.seconds, self.processor = time.perf_counter() - start, time.process_time() - worked
        local(_Followed(**given, alone=self), numbers, clock, advance)
        self.engine_seconds += time.perf_counter() - start


@dataclass(frozen=True)
class _Discarded(Work):
    """Computes a chunk and keeps nothing of it."""

    def compute(self, number: int, read: Read, workers: Workers, *told: Any) -> None:
        evaluate_frames(replace(self.job, gallery=GalleryWriter(None, (), ())), read[0], workers, *told)


@dataclass(frozen=True)
class _Followed(Work):
    alone: Alone = field(default_factory=Alone)

    def compute(self, number: int, read: Read, workers: Workers, *told: Any) -> None:
        super().compute(number, read, workers, *told)
        *_, size = told
        start, worked = time.perf_counter(), time.process_time()
        for frames in read[0]:
            for places in size.cut(len(frames.ids), frames.masks[0].numel()):
                images = frames.at(places).images.to(self.job.device).float() / 255
                self.alone.forward += passes(self, images, workers)
                self.alone.passes += len(places) * len(self.job.conditions)
        self.alone.seconds += time.perf_counter() - start
        self.alone.processor += time.process_time() - worked


def passes(work: Work, images: Tensor, workers: Workers) -> float:
    """Seconds of a forward pass of every model at every condition, by the same threads; the answers are let go."""

    @torch.inference_mode()
    def once(condition: object) -> None:
        with workers.models() as models, autocast(work.job.precision, images.device):
            for model in models.values():
                model(images)

    settle(images.device)
    start = time.perf_counter()
    for _ in workers.map(once, work.job.conditions):
        pass
    settle(images.device)
    return time.perf_counter() - start


def settle(device: torch.device) -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
