"""Batches in order, prepared ahead of the steps by threads; their content depends on nobody's timing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch

from robustbench_endo.training.augmentation import Augment
from robustbench_endo.training.frames import Batch, Frames

AHEAD = 2
"""Batches that a thread prepares beyond the running step."""


@dataclass
class Loader:
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

    frames: Frames
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
