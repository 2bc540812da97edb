"""Frames of a run: decoded once at the suite's resolution, stacked, and moved to the device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.content_area import ContentArea, detect_content_areas
from robustbench_endo.corruptions.suite import Resolution
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.errors import FrameError
from robustbench_endo.evaluation.conditions import read_recorded
from robustbench_endo.evaluation.device import finish, upload
from robustbench_endo.metrics.image_similarity import CleanReference
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.surround import Surround
from robustbench_endo.types import Dataset, Sample

MAX_FRAME_PIXELS = 7680 * 4320
"""Pixels of a frame at most (8K video): corruptions and models need about 200 bytes for each."""


@dataclass(frozen=True)
class Failure:
    """A frame, or a model's prediction for it, that could not be used, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Batch:
    """Frames of one size.

    Attributes:
        images: uint8 (B, 3, H, W) on the host; float32 in [0, 1] on the device, see :meth:`to`.
        targets: task name -> stacked targets, see :meth:`Task.stack`.
        ids, subjects: (B,) names.
        recorded: recorded condition -> (B,) images uint8 (3, H, W), None where there is none.
        scale: pixels of a frame per pixel of the original one along rows and columns, float64 (B, 2) on the host.
        clean: the images prepared for comparison with their corrupted versions; None on the host.
        areas: (B,) content area of each clean frame, None for a frame without a surround.
        levels: uint8 (B, H, W, 3), the images of a batch on the CPU, whose corruption may need no values between the
            levels; None elsewhere.
        outside: bool (B, H, W), pixels of the surround; None on the host and where no frame has one.
    """

    images: Tensor
    targets: Mapping[str, Tensor]
    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    recorded: Mapping[str, tuple[Tensor | None, ...]]
    scale: Tensor | None = None
    clean: CleanReference | None = None
    areas: tuple[ContentArea | None, ...] = ()
    outside: Tensor | None = None
    levels: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def pixels(self) -> int:
        """Pixels of a frame."""
        return self.images.shape[-2] * self.images.shape[-1]

    def surround(self, scored: bool) -> Surround | None:
        """The surround of the frames on the device, which is scored or not; None if no frame has one."""
        return None if self.outside is None else Surround(self.outside, scored)

    @cached_property
    def content_share(self) -> NDArray[np.float32]:
        """Share of each frame on the device that lies inside its content area, (B,)."""
        if self.outside is None:
            return np.ones(len(self), np.float32)
        pixels: NDArray[np.int64] = self.outside.flatten(1).sum(1).cpu().numpy()
        return (1 - pixels / self.pixels).astype(np.float32)

    def select(self, indices: Sequence[int]) -> Batch:
        """The frames at these positions of the batch; on a GPU any stream may read them."""
        positions = list(indices)
        device = self.images.device
        rows = upload(torch.tensor(positions, dtype=torch.int64), device)
        images = self.images[rows]
        batch = Batch(
            images,
            {task: target[rows] for task, target in self.targets.items()},
            tuple(self.ids[i] for i in positions),
            tuple(self.subjects[i] for i in positions),
            {name: tuple(items[i] for i in positions) for name, items in self.recorded.items()},
            None if self.scale is None else self.scale[positions],
            CleanReference(images) if self.clean is not None and positions else None,
            tuple(self.areas[i] for i in positions) if self.areas else (),
            None if self.outside is None else self.outside[rows],
            None if self.levels is None else self.levels[positions],
        )
        finish(device)
        return batch

    def to(self, device: torch.device) -> Batch:
        """The batch on a device: bytes are uploaded and become floating images there, once for all conditions.

        On a GPU any stream may read it.
        """
        images = upload(self.images, device).float() / 255
        targets = {task: upload(target, device) for task, target in self.targets.items()}
        outside = surround_pixels(self.areas, device)
        levels = self.images.permute(0, 2, 3, 1).contiguous().numpy() if device.type == "cpu" else None
        batch = replace(
            self, images=images, targets=targets, clean=CleanReference(images), outside=outside, levels=levels
        )
        finish(device)
        return batch

    def with_recorded(self, condition: str) -> Batch:
        """The frames that have an image in a recorded condition."""
        positions = [i for i, image in enumerate(self.recorded[condition]) if image is not None]
        return self if len(positions) == len(self) else self.select(positions)

    def recorded_images(self, condition: str) -> Tensor:
        """The images in a recorded condition that all frames have, float32 (B, 3, H, W) in [0, 1] on the device."""
        images = torch.stack([image for image in self.recorded[condition] if image is not None])
        return upload(images, self.images.device).float() / 255


def surround_pixels(areas: Sequence[ContentArea | None], device: torch.device) -> Tensor | None:
    """Pixels outside the content areas of frames of one size, bool (B, H, W); None if no frame has a surround."""
    size = next(((area.height, area.width) for area in areas if area is not None), None)
    if size is None:
        return None
    inside = torch.ones(size)
    return upload(torch.stack([inside if area is None else area.mask() for area in areas]).lt(0.5), device)


class _Frame(NamedTuple):
    sample: Sample
    recorded: dict[str, Tensor | None]
    scale: tuple[float, float]
    area: ContentArea | None


def read_batches(
    dataset: Dataset,
    indices: Sequence[int],
    resolution: Resolution,
    tasks: Sequence[Task],
    recorded: Sequence[str] = (),
) -> tuple[list[Batch], list[Failure]]:
    """Decode frames and their recorded conditions in threads, in order; neighbours of one size form a batch.

    Returns:
        Batches on the host, and the frames or recorded images that could not be read.
    """
    with ThreadPoolExecutor() as pool:
        decoded = list(pool.map(lambda index: _read(dataset, index, resolution, recorded), indices))
    frames = [frame for frame, _ in decoded if frame is not None]
    failures = [failure for _, failed in decoded for failure in failed]
    return [_stack(run, tasks) for run in _runs_of_one_size(frames)], failures


def _read(
    dataset: Dataset, index: int, resolution: Resolution, recorded: Sequence[str]
) -> tuple[_Frame | None, list[Failure]]:
    try:
        sample = dataset[index]
    except FrameError as error:
        return None, [Failure(dataset.ids[index], str(error))]
    images: dict[str, Tensor | None] = dict.fromkeys(recorded)
    failures = []
    for name in recorded:
        try:
            images[name] = read_recorded(dataset, index, name, sample, resolution)
        except FrameError as error:
            failures.append(Failure(sample.id, str(error)))
    scored = at_resolution(sample, resolution)
    height, width = scored.image.shape[1:]
    if height * width > MAX_FRAME_PIXELS:
        reason = (
            f"Expected at most {MAX_FRAME_PIXELS / 1e6:.0f} million pixels to evaluate, got {width} x {height}, which "
            "needs more than 8 GB: evaluate with a --resolution such as 1080."
        )
        return None, [*failures, Failure(sample.id, reason)]
    rows, columns = (
        after / before for after, before in zip(scored.image.shape[1:], sample.image.shape[1:], strict=True)
    )
    (area,) = detect_content_areas(scored.image[None])
    return _Frame(scored, images, (rows, columns), area), failures


def _runs_of_one_size(frames: Sequence[_Frame]) -> Iterator[list[_Frame]]:
    run: list[_Frame] = []
    for frame in frames:
        if run and run[0].sample.image.shape != frame.sample.image.shape:
            yield run
            run = []
        run.append(frame)
    if run:
        yield run


def _stack(frames: Sequence[_Frame], tasks: Sequence[Task]) -> Batch:
    samples = [frame.sample for frame in frames]
    size = (samples[0].image.shape[1], samples[0].image.shape[2])
    return Batch(
        images=torch.stack([sample.image for sample in samples]),
        targets={task.name: task.stack([s.targets.get(task.name) for s in samples], size) for task in tasks},
        ids=tuple(sample.id for sample in samples),
        subjects=tuple(sample.subject_id for sample in samples),
        recorded={name: tuple(frame.recorded[name] for frame in frames) for name in frames[0].recorded},
        scale=torch.tensor([frame.scale for frame in frames], dtype=torch.float64),
        areas=tuple(frame.area for frame in frames),
    )
