"""Batches in order, prepared ahead of the steps by threads; their content depends on nobody's timing."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.augmentation import Augment
from robustbench_endo.types import IGNORE, Dataset, Sample

NO_ACTIVITY = -1


@dataclass(frozen=True)
class Batch:
    """Frames ready for a step.

    Attributes:
        images: float (B, 3, H, W) in [0, 1].
        masks: int64 (B, H, W), 255 = ignore (everywhere, where a frame has no mask).
        activities: int64 (B,), -1 = the frame has none.
        ids: the frames' names.
    """

    images: Tensor
    masks: Tensor
    activities: Tensor
    ids: tuple[str, ...]

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return Batch(self.images.to(device), self.masks.to(device), self.activities.to(device), self.ids)

    def parts(self, count: int) -> list[Batch]:
        """The batch in at most ``count`` parts of nearly equal size."""
        tensors = (self.images, self.masks, self.activities)
        pieces = zip(*(tensor.tensor_split(min(count, len(self.ids))) for tensor in tensors), strict=True)
        names = iter(self.ids)
        return [Batch(x, y, z, tuple(islice(names, len(x)))) for x, y, z in pieces]


class InMemoryDataset:
    """All frames of a dataset in memory as uint8, resized to one size.

    Raises:
        TrainingError: the dataset is empty.
    """

    def __init__(self, dataset: Dataset, size: tuple[int, int]) -> None:
        if not len(dataset):
            raise TrainingError(f"Expected at least one frame to train on, got none in {dataset.name}: check the data.")
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter
            samples = list(pool.map(lambda index: _resized(dataset[index], size), range(len(dataset))))
        self.images = torch.stack([image for image, _, _ in samples])
        self.masks = torch.stack([mask for _, mask, _ in samples])
        self.activities = torch.tensor([activity for _, _, activity in samples])
        self.ids = tuple(dataset.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, indices: list[int], augment: Augment | None = None, key: tuple[int, ...] = ()) -> Batch:
        """These frames; with ``augment`` each changed by its own generator, keyed by ``key`` and its index."""
        pairs = [(self.images[i], self.masks[i]) for i in indices]
        if augment:
            pairs = [_augmented(*pair, augment, _seed(*key, i)) for pair, i in zip(pairs, indices, strict=True)]
        images = torch.stack([image for image, _ in pairs])
        masks = torch.stack([mask for _, mask in pairs])
        return Batch(images / 255, masks.long(), self.activities[indices], tuple(self.ids[i] for i in indices))


def _resized(sample: Sample, size: tuple[int, int]) -> tuple[Tensor, Tensor, int]:
    image, mask = sample.image, sample.mask
    if mask is None:
        mask = torch.full(size, IGNORE, dtype=torch.uint8)
    if image.shape[1:] != size:
        image = F.interpolate(image[None], size, mode="bilinear", antialias=True)[0]
    if mask.shape != size:
        mask = F.interpolate(mask[None, None], size, mode="nearest-exact")[0, 0]
    return image, mask, NO_ACTIVITY if sample.activity is None else sample.activity


def _augmented(image: Tensor, mask: Tensor, augment: Augment, seed: int) -> tuple[Tensor, Tensor]:
    changed, labels = augment(np.ascontiguousarray(image.permute(1, 2, 0).numpy()), mask.numpy(), seed)
    return torch.from_numpy(np.ascontiguousarray(changed.transpose(2, 0, 1))), torch.from_numpy(labels.copy())


def _seed(*key: int) -> int:
    """A 32-bit seed that is a pure function of the key, so that neither order nor workers matter."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=4).digest(), "little")


AHEAD = 2
"""Batches that a thread prepares beyond the running step."""


@dataclass
class PrefetchLoader:
    """The batches of an epoch for one process.

    Attributes:
        frames: what is trained on.
        batch_size: frames of a step over all processes.
        seed: of order and augmentation.
        make_augment: builds an augmentation; each thread has its own.
        rank: this process.
        world: all processes.
        threads: how many prepare batches.
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
        self._augment()  # a wrong configuration is found before the first frame is read

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.frames) // self.batch_size)

    def epoch(self, epoch: int) -> Iterator[tuple[Batch, float]]:
        """This process's part of every batch, and its share of the whole batch times the number of processes."""
        plan = self._plan(epoch)
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Batch]] = deque()
            submitted = 0
            for number, chosen in enumerate(plan):
                while submitted < min(len(plan), number + AHEAD * self.threads):
                    waiting.append(pool.submit(self._batch, self._part(plan[submitted]), epoch))
                    submitted += 1
                batch = waiting.popleft().result()
                yield batch, len(batch.ids) * self.world / max(len(chosen), self.world)

    def _plan(self, epoch: int) -> list[list[int]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        order = torch.randperm(len(self.frames), generator=generator).tolist()
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    def _part(self, chosen: Sequence[int]) -> list[int]:
        """Every ``world``-th frame; a batch too small for all processes is filled up by repeating it."""
        filled = [chosen[i % len(chosen)] for i in range(max(len(chosen), self.world))]
        return filled[self.rank :: self.world]

    def _batch(self, indices: list[int], epoch: int) -> Batch:
        return self.frames.batch(indices, self._augment(), (self.seed, epoch))

    def _augment(self) -> Augment | None:
        if not hasattr(self._local, "augment"):
            self._local.augment = self.make_augment()
        augment: Augment | None = self._local.augment
        return augment
