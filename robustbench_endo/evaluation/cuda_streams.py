"""Corrupting, forward passes and scoring of different conditions at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch


class Stage:
    """One of the things that are done to a batch.

    On the CPU threads do it side by side. On another device they take turns, each waits on the device (not the
    thread) for what the same condition did before, and on CUDA every stage has a stream of its own: while a batch is
    scored the next one is in the model and a third is corrupted. What a stage keeps between calls, such as a
    corruption's tables or a user's model, is so used in one order on one stream.

    Tensors that go from a stage to the next must stay alive until the condition's results are on the CPU.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._turn = threading.Lock()
        self._stream = _stream(device) if device.type == "cuda" else None

    @contextmanager
    def turn(self, after: torch.cuda.Event | None = None) -> Iterator[None]:
        """Launch this stage's work for one condition, behind ``after`` on the device."""
        if self._device.type == "cpu":
            yield
            return
        with self._turn, torch.cuda.stream(self._stream):
            if self._stream is not None and after is not None:
                self._stream.wait_event(after)
            yield

    def reached(self) -> torch.cuda.Event | None:
        """A mark behind all that this stage has launched; None where there are no streams."""
        return None if self._stream is None else self._stream.record_event()


def _stream(device: torch.device) -> torch.cuda.Stream:
    stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return stream


class Stages(NamedTuple):
    """The stages of a run on one device."""

    corrupt: Stage
    forward: Stage
    score: Stage


def stages_on(device: torch.device) -> Stages:
    """Stages that have nothing to do with those of another run."""
    return Stages(Stage(device), Stage(device), Stage(device))


def upload(picture: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on the device, through page-locked memory where that is quicker."""
    return picture.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else picture.to(device)
