"""A run cut into chunks, each of which can be computed alone, by anybody, to the same bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from robustbench_endo.errors import ModelError, RobustEndoError
from robustbench_endo.evaluation.batch import Failure, FrameBatch, read_frames
from robustbench_endo.evaluation.conditions import plan
from robustbench_endo.evaluation.config import PIXELS, BatchSize, Job, Request, chunked
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.loop import evaluate_frames
from robustbench_endo.evaluation.predict import ModelCall
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.protocol import protocol_metrics
from robustbench_endo.evaluation.run_folder import RunFolder
from robustbench_endo.evaluation.workers import Workers

Read = tuple[list[FrameBatch], list[Failure]]
"""Frames of a chunk, and those that could not be read."""


@dataclass(frozen=True)
class Work:
    """A run cut into chunks.

    Attributes:
        request: what was asked for.
        job: what is done to every frame.
        chunks: indices of the frames of each chunk.
        folder: where the records of a chunk are written, whole, as soon as there are all of them.
    """

    request: Request
    job: Job
    chunks: Sequence[Sequence[int]]
    folder: RunFolder

    def missing(self) -> list[int]:
        """Numbers of the chunks whose records are not there."""
        return [number for number in range(len(self.chunks)) if not self.folder.has_chunk(number)]

    def steps(self, number: int) -> int:
        """Frames x conditions of a chunk."""
        return len(self.chunks[number]) * len(self.job.conditions)

    def read(self, number: int, clock: Clock) -> Read:
        """Decode the frames of a chunk."""
        with clock.time("decode"):
            return read_frames(
                self.request.dataset, self.chunks[number], self.request.suite.resolution, self.request.recorded
            )

    def compute(
        self,
        number: int,
        read: Read,
        workers: Workers,
        clock: Clock,
        advance: Callable[[int], None] = lambda done: None,
        size: BatchSize | None = None,
    ) -> None:
        """Evaluate the frames of a chunk and write their records.

        Raises:
            RobustEndoError: see :func:`.loop.evaluate_frames`; nothing of the chunk is kept then.
        """
        frames, unreadable = read
        table, unusable = evaluate_frames(self.job, frames, workers, clock, advance, size)
        with clock.time("write"):
            self.folder.write_chunk(number, table, [*unreadable, *unusable])


class Engine(Protocol):
    """Who computes the chunks.

    Args:
        work: the run.
        numbers: of the chunks to compute.
        clock: told where the time went.
        advance: called with frames x conditions done since it was called before.
    """

    def __call__(self, work: Work, numbers: Sequence[int], clock: Clock, advance: Callable[[int], None]) -> None: ...


def cut(request: Request, indices: Sequence[int], folder: RunFolder) -> Work:
    """A request as work; its models are brought to the device.

    Raises:
        ModelError: no model.
        RobustEndoError: a batch below 1, or compilation for another device than CUDA.
    """
    if request.batch is not None and request.batch < 1:
        raise RobustEndoError(f"Expected a batch of at least 1 frame, got {request.batch}.")
    if not request.models:
        raise ModelError("Expected at least one model, got none: name one with --model.")
    # Frames from the middle and the start: the ends of a recording are often the emptiest.
    kept = [request.dataset.ids[indices[len(indices) // 2]], request.dataset.ids[indices[0]]]
    gallery = GalleryWriter(request.out, list(dict.fromkeys(kept))[: request.gallery], list(request.models))
    job = Job(
        models=placed(request),
        suite=request.suite,
        conditions=plan(request.corruptions, request.severities, request.recorded),
        num_classes=len(request.dataset.classes),
        device=request.device,
        seed=request.seed,
        metrics=(*protocol_metrics(request.protocol), *request.metrics),
        gallery=gallery,
        precision=request.precision,
        batch=request.batch,
        pixels=PIXELS if request.batch is None and request.device.type == "cpu" else None,
    )
    return Work(request, job, chunked(indices, request.device), folder)


def placed(request: Request) -> dict[str, ModelCall]:
    """The models on the device in eval mode, on CUDA with the memory layout of its convolutions.

    Raises:
        RobustEndoError: compilation for another device than CUDA.
    """
    cuda = request.device.type == "cuda"
    if request.compile and not cuda:
        raise RobustEndoError(f"Expected a CUDA device to compile models for, got {request.device}: leave it out.")
    models = dict(request.models)
    for name, model in models.items():
        if isinstance(model, torch.nn.Module):
            model.to(request.device).eval()
            if cuda:
                model.to(memory_format=torch.channels_last)
            models[name] = torch.compile(model) if request.compile else model
    return models
