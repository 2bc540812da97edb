"""Frames in memory, and batches in a fixed order that threads prepare; their content does not depend on timing."""

from __future__ import annotations

import hashlib
import os
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.errors import FrameError, TrainingError
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.registry import TASKS
from robustbench_endo.training.augmentation import Augment
from robustbench_endo.types import Dataset, Sample

MAP_TASK = next(task.name for task in TASKS if task.has_label_map)
"""The task whose target is moved with the image by augmentation and corruptions."""


def output_tasks(logits: Mapping[str, Tensor]) -> list[Task]:
    """The tasks of a model's output, in its order."""
    tasks = {task.name: task for task in TASKS}
    return [tasks[name] for name in logits if name in tasks]


@dataclass(frozen=True)
class Batch:
    """Frames of a step.

    Attributes:
        images: float (B, 3, H, W) in [0, 1].
        targets: task -> targets as of :meth:`Task.stack`, integers as int64, such as masks (B, H, W) with 255 = ignore
            (everywhere in a frame without a mask) and labels (B,) with -1 = none.
        ids: names of the frames.
    """

    images: Tensor
    targets: Mapping[str, Tensor]
    ids: tuple[str, ...]

    def to(self, device: torch.device) -> Batch:
        """The batch on another device."""
        targets = {task: target.to(device) for task, target in self.targets.items()}
        return Batch(self.images.to(device), targets, self.ids)

    def parts(self, count: int) -> list[Batch]:
        """The batch in at most ``count`` parts of nearly equal size."""
        tensors = [self.images, *self.targets.values()]
        pieces = zip(*(tensor.tensor_split(min(count, len(self.ids))) for tensor in tensors), strict=True)
        names = iter(self.ids)
        return [
            Batch(images, dict(zip(self.targets, targets, strict=True)), tuple(islice(names, len(images))))
            for images, *targets in pieces
        ]


class InMemoryDataset:
    """All frames of a data set in memory as uint8, resized to one size.

    Attributes:
        images: uint8 (N, 3, H, W).
        targets: task -> targets of all frames; frames without a target have the task's ignored value.
        ids: names of the frames.
        excluded: reasons why other frames cannot be used.

    Raises:
        TrainingError: the data set is empty, or has no frame that can be used.
        DataError: most frames cannot be used, or the values of masks cannot be class indices.
    """

    def __init__(self, dataset: Dataset, size: tuple[int, int]) -> None:
        if not len(dataset):
            raise TrainingError(f"Expected at least one frame to train on, got none in {dataset.name}: check the data.")
        if callable(check := getattr(dataset, "check", None)):
            check(range(len(dataset)))
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter
            read = list(pool.map(lambda index: _read(dataset, index, size), range(len(dataset))))
        self.excluded = tuple(str(frame) for frame in read if isinstance(frame, FrameError))
        samples = [frame for frame in read if not isinstance(frame, FrameError)]
        if self.excluded:
            warnings.warn(
                f"{len(self.excluded)} of {len(read)} frames of {dataset.name} cannot be used and are left out; the "
                f"first: {self.excluded[0]}",
                stacklevel=2,
            )
        if not samples:
            raise TrainingError(f"Expected frames that can be read in {dataset.name}, got none: {self.excluded[0]}")
        self.images = torch.stack([image for image, _ in samples])
        self.targets = {
            task.name: task.stack([targets.get(task.name) for _, targets in samples], size) for task in TASKS
        }
        self.ids = tuple(
            name for name, frame in zip(dataset.ids, read, strict=True) if not isinstance(frame, FrameError)
        )

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, indices: list[int], augment: Augment | None = None, key: tuple[int, ...] = ()) -> Batch:
        """These frames; with ``augment`` each is changed by its own generator, keyed by ``key`` and its index."""
        pairs = [(self.images[i], self.targets[MAP_TASK][i]) for i in indices]
        if augment:
            pairs = [_augmented(*pair, augment, _seed(*key, i)) for pair, i in zip(pairs, indices, strict=True)]
        images, maps = (torch.stack(tensors) for tensors in zip(*pairs, strict=True))
        targets = {task: target[indices] for task, target in self.targets.items()} | {MAP_TASK: maps}
        return Batch(
            images / 255,
            {task: target if target.is_floating_point() else target.long() for task, target in targets.items()},
            tuple(self.ids[i] for i in indices),
        )


def _read(dataset: Dataset, index: int, size: tuple[int, int]) -> tuple[Tensor, dict[str, Any]] | FrameError:
    try:
        return _resized(dataset[index], size)
    except FrameError as error:
        return error


def _resized(sample: Sample, size: tuple[int, int]) -> tuple[Tensor, dict[str, Any]]:
    image = sample.image
    if image.shape[1:] != size:
        image = F.interpolate(image[None], size, mode="bilinear", antialias=True)[0]
    tasks = [task for task in TASKS if task.name in sample.targets]
    return image, {task.name: task.resize(sample.targets[task.name], size) for task in tasks}


def _augmented(image: Tensor, mask: Tensor, augment: Augment, seed: int) -> tuple[Tensor, Tensor]:
    changed, labels = augment(np.ascontiguousarray(image.permute(1, 2, 0).numpy()), mask.numpy(), seed)
    return torch.from_numpy(np.ascontiguousarray(changed.transpose(2, 0, 1))), torch.from_numpy(labels.copy())


def check_data(model: nn.Module, dataset: Dataset, frames: InMemoryDataset) -> list[str]:
    """Check that the model has one output per label, and that the targets have at least two of the labels.

    Returns:
        Labels that no frame has: they cannot be learnt, which the model's card says.

    Raises:
        TrainingError: other numbers of labels, a label outside the range (names the frame), or data of one label only.
    """
    absent: list[str] = []
    present: dict[str, int] = {}
    for task in reversed(TASKS):
        names, targets = task.labels(dataset), frames.targets[task.name]
        outputs = getattr(model, f"num_{task.label_attribute}", None)
        if outputs and outputs != len(names):
            raise TrainingError(
                f"Expected a model for the {len(names)} {task.label_attribute} of {dataset.name}, got one for "
                f"{outputs}: build it with num_{task.label_attribute}={len(names)}."
            )
        _check_range(frames.ids, task, targets, len(names))
        counts = torch.bincount(targets[targets != task.ignored].flatten(), minlength=len(names)).tolist()
        if any(counts):
            present[task.unit_noun] = sum(map(bool, counts))
            absent += [name for name, count in zip(names, counts, strict=False) if not count]
    if not present:
        plurals = " or ".join(task.plural for task in reversed(TASKS))
        raise TrainingError(f"Expected {plurals} in {dataset.name}, got neither: nothing can be learnt.")
    if max(present.values()) < 2:
        kinds = " or of ".join(task.unit_noun for task in reversed(TASKS))
        counted = " and ".join(f"{count} label of {noun}" for noun, count in present.items())
        raise TrainingError(
            f"Expected at least two kinds of {kinds} in {dataset.name}, got only {counted}: check the "
            "masks with robust-endo datasets check."
        )
    return absent


def _check_range(ids: Sequence[str], task: Task, targets: Tensor, num_labels: int) -> None:
    labels = targets.view(len(ids), -1).int()
    largest: list[int] = labels.masked_fill(labels == task.ignored, -1).amax(dim=1).tolist()
    for name, label in zip(ids, largest, strict=True):
        if label >= num_labels:
            raise TrainingError(
                f"Expected {task.name} labels below {num_labels}, got {label} in {name}: correct the data or its "
                "labels."
            )


def _seed(*key: int) -> int:
    """A 32-bit seed that is a pure function of the key, so that neither order nor workers matter."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=4).digest(), "little")


PREFETCH = 2
"""Batches that a thread prepares beyond the current step."""


@dataclass
class PrefetchLoader:
    """The batches of an epoch for one process.

    Attributes:
        frames: training data.
        batch_size: frames of a step over all processes.
        seed: of order and augmentation.
        make_augment: builds an augmentation; each thread has its own.
        rank: of this process.
        world: number of processes.
        threads: number of threads that prepare batches.
    """

    frames: InMemoryDataset
    batch_size: int
    seed: int
    make_augment: Callable[[], Augment | None]
    rank: int = 0
    world: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        self._local = threading.local()
        self._augment()  # a wrong configuration is an error before the first step

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.frames) // self.batch_size)

    def epoch(self, epoch: int) -> Iterator[tuple[Batch, float]]:
        """This process's part of every batch, and its fraction of the full batch times the number of processes."""
        plan = self._plan(epoch)
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Batch]] = deque()
            submitted = 0
            for number, indices in enumerate(plan):
                while submitted < min(len(plan), number + PREFETCH * self.threads):
                    waiting.append(pool.submit(self._batch, self._part(plan[submitted]), epoch))
                    submitted += 1
                batch = waiting.popleft().result()
                yield batch, len(batch.ids) * self.world / max(len(indices), self.world)

    def _plan(self, epoch: int) -> list[list[int]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.frames), generator=generator).tolist()
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    def _part(self, indices: Sequence[int]) -> list[int]:
        """Every ``world``-th frame; a batch too small for all processes is filled up by repeating it."""
        filled = [indices[i % len(indices)] for i in range(max(len(indices), self.world))]
        return filled[self.rank :: self.world]

    def _batch(self, indices: list[int], epoch: int) -> Batch:
        return self.frames.batch(indices, self._augment(), (self.seed, epoch))

    def _augment(self) -> Augment | None:
        if not hasattr(self._local, "augment"):
            self._local.augment = self.make_augment()
        augment: Augment | None = self._local.augment
        return augment
