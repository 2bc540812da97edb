"""Reading a chunk of frames, each once, at the suite's resolution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from robustbench_endo.data.resolution import Resolution, at_resolution
from robustbench_endo.errors import FrameError
from robustbench_endo.evaluation.cuda_streams import upload
from robustbench_endo.evaluation.recorded import read_recorded
from robustbench_endo.metrics import CleanReference
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
        images: uint8 (B, 3, H, W).
        masks: uint8 (B, H, W); all 255 for a frame without mask.
        activities: int64 (B,), -1 for a frame without activity.
        ids, subjects: (B,) names.
        recorded: recorded condition -> (B,) pictures uint8 (3, H, W), None where there is none.
    """

    images: Tensor
    masks: Tensor
    activities: Tensor
    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    recorded: Mapping[str, tuple[Tensor | None, ...]] = field(default_factory=dict)

    def having(self, condition: str) -> list[int]:
        """Places of the frames that have a picture in a recorded condition."""
        return [place for place, picture in enumerate(self.recorded[condition]) if picture is not None]

    def at(self, places: Sequence[int]) -> FrameBatch:
        """The frames at these places."""
        return FrameBatch(
            self.images[list(places)],
            self.masks[list(places)],
            self.activities[list(places)],
            tuple(self.ids[i] for i in places),
            tuple(self.subjects[i] for i in places),
            {name: tuple(pictures[i] for i in places) for name, pictures in self.recorded.items()},
        )

    def pictures(self, condition: str) -> Tensor:
        """The frames in a recorded condition that all of them have, float32 (B, 3, H, W) in [0, 1]."""
        return torch.stack([picture for picture in self.recorded[condition] if picture is not None]).float() / 255


class _Frame(NamedTuple):
    sample: Sample
    recorded: dict[str, Tensor | None]


def read_frames(
    dataset: Dataset, indices: Sequence[int], resolution: Resolution, recorded: Sequence[str] = ()
) -> tuple[list[FrameBatch], list[Failure]]:
    """Decode frames, with their pictures in recorded conditions, in threads, keep their order, and stack neighbours of
    one size."""
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda index: _read(dataset, index, resolution, recorded), indices))
    frames = [frame for frame, _ in read if frame is not None]
    failures = [failure for _, failed in read for failure in failed]
    return [_stack(run) for run in _runs_of_one_size(frames)], failures


def _read(
    dataset: Dataset, index: int, resolution: Resolution, recorded: Sequence[str]
) -> tuple[_Frame | None, list[Failure]]:
    try:
        sample = dataset[index]
    except FrameError as error:
        return None, [Failure(dataset.ids[index], str(error))]
    pictures: dict[str, Tensor | None] = dict.fromkeys(recorded)
    failures = []
    for name in recorded:
        try:
            pictures[name] = read_recorded(dataset, index, name, sample, resolution)
        except FrameError as error:
            failures.append(Failure(sample.id, str(error)))
    return _Frame(at_resolution(sample, resolution), pictures), failures


def _runs_of_one_size(frames: Sequence[_Frame]) -> Iterator[list[_Frame]]:
    run: list[_Frame] = []
    for frame in frames:
        if run and run[0].sample.image.shape != frame.sample.image.shape:
            yield run
            run = []
        run.append(frame)
    if run:
        yield run


def _stack(frames: Sequence[_Frame]) -> FrameBatch:
    samples = [frame.sample for frame in frames]
    images = torch.stack([sample.image for sample in samples])
    masks = [torch.full(s.image.shape[1:], IGNORE, dtype=torch.uint8) if s.mask is None else s.mask for s in samples]
    activities = torch.tensor([-1 if sample.activity is None else sample.activity for sample in samples])
    recorded = {name: tuple(frame.recorded[name] for frame in frames) for name in frames[0].recorded}
    return FrameBatch(
        images,
        torch.stack(masks),
        activities,
        tuple(s.id for s in samples),
        tuple(s.subject_id for s in samples),
        recorded,
    )


@dataclass(frozen=True)
class DeviceBatch:
    """Frames and what all their conditions share.

    Attributes:
        frames: the same on the host.
        images: float32 (B, 3, H, W) in [0, 1].
        masks: uint8 (B, H, W).
        clean: the images, prepared for comparison with what becomes of them.
    """

    frames: FrameBatch
    images: Tensor
    masks: Tensor
    clean: CleanReference

    def __len__(self) -> int:
        return len(self.frames.ids)

    def at(self, places: Sequence[int]) -> DeviceBatch:
        """The frames at these places."""
        images = self.images[list(places)]
        return DeviceBatch(self.frames.at(places), images, self.masks[list(places)], CleanReference(images))


def on_device(frames: FrameBatch, device: torch.device) -> DeviceBatch:
    """Bring frames to the device as bytes and make them floating there, once for all conditions."""
    images = upload(frames.images, device).float() / 255
    batch = DeviceBatch(frames, images, upload(frames.masks, device), CleanReference(images))
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()  # other streams read it from now on
    return batch
