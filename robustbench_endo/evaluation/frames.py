"""Reading a chunk of frames, each once, at the suite's resolution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.data.resolution import Resolution, at_resolution
from robustbench_endo.errors import FrameError
from robustbench_endo.types import IGNORE, Dataset, Sample


@dataclass(frozen=True)
class Failure:
    """A frame, or a model's answer to it, that could not be used, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class FrameBatch:
    """Frames of one size.

    Attributes:
        images: float32 (B, 3, H, W) in [0, 1].
        masks: uint8 (B, H, W); all 255 for a frame without mask.
        activities: int64 (B,), -1 for a frame without activity.
        ids, groups: (B,) names.
    """

    images: Tensor
    masks: Tensor
    activities: Tensor
    ids: tuple[str, ...]
    groups: tuple[str, ...]


def read_frames(
    dataset: Dataset, indices: Sequence[int], resolution: Resolution
) -> tuple[list[FrameBatch], list[Failure]]:
    """Decode frames in threads, keep their order, and stack neighbours of one size."""
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda index: _read(dataset, index, resolution), indices))
    samples = [item for item in read if isinstance(item, Sample)]
    failures = [item for item in read if isinstance(item, Failure)]
    return [_stack(run) for run in _runs_of_one_size(samples)], failures


def _read(dataset: Dataset, index: int, resolution: Resolution) -> Sample | Failure:
    try:
        return at_resolution(dataset[index], resolution)
    except FrameError as error:
        return Failure(dataset.ids[index], str(error))


def _runs_of_one_size(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    run: list[Sample] = []
    for sample in samples:
        if run and run[0].image.shape != sample.image.shape:
            yield run
            run = []
        run.append(sample)
    if run:
        yield run


def _stack(samples: Sequence[Sample]) -> FrameBatch:
    images = torch.stack([sample.image for sample in samples]).float() / 255
    masks = [torch.full(s.image.shape[1:], IGNORE, dtype=torch.uint8) if s.mask is None else s.mask for s in samples]
    activities = torch.tensor([-1 if sample.activity is None else sample.activity for sample in samples])
    return FrameBatch(
        images, torch.stack(masks), activities, tuple(s.id for s in samples), tuple(s.group for s in samples)
    )
