"""The chunks of a run one after the other in this process, the next one decoded while one is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.config import BatchSize
from robustbench_endo.evaluation.device import reproducible
from robustbench_endo.evaluation.plan import Read, Work
from robustbench_endo.evaluation.profiler import Clock
from robustbench_endo.evaluation.workers import Workers

_DEVICE_ERROR: tuple[type[Exception], ...] = tuple(
    kind for name in ("AcceleratorError",) if (kind := getattr(torch, name, None)) is not None
)


def local(work: Work, numbers: Sequence[int], clock: Clock, advance: Callable[[int], None]) -> None:
    """Compute these chunks here.

    Raises:
        RunError: the device stopped to answer, or its memory does not hold one frame; finished chunks are kept.
        ModelError: a model breaks its contract.
    """
    job, size = work.job, BatchSize(work.job.batch, work.job.pixels)
    with (
        device_errors(job.device),
        reproducible(),
        Workers(job.models, job.device, work.request.workers) as workers,
        ThreadPoolExecutor(1) as ahead,
    ):
        clock.lanes = len(workers)
        coming: Future[Read] | None = None
        for place, number in enumerate(numbers):
            read = work.read(number, clock) if coming is None else coming.result()
            following = numbers[place + 1 : place + 2]
            coming = ahead.submit(work.read, following[0], clock) if following else None
            work.compute(number, read, workers, clock, advance, size)


@contextmanager
def device_errors(device: torch.device) -> Iterator[None]:
    """Say in one sentence that a device is gone.

    Raises:
        RunError: the device gave an error that is not about memory.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, _DEVICE_ERROR) and not str(error).startswith("CUDA error"):
            raise
        said = str(error).partition("\n")[0]
        raise RunError(
            f"Expected an answer from {device}, got it gone ({said}): what is finished is kept; look after the "
            "device (nvidia-smi), then give the same command again, it goes on from there."
        ) from error
