"""What a run is asked to do, and which frames it takes in which order."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from robustbench_endo.errors import DataError
from robustbench_endo.evaluation.conditions import Condition, Suite
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.predict import ModelCall
from robustbench_endo.metrics import Metric
from robustbench_endo.types import Dataset

CHUNK, CHUNK_ON_DEVICE = 4, 32
"""Frames a chunk at most, on the CPU and elsewhere: what a killed run loses, and the largest batch."""

PIXELS = 1_500_000
"""Pixels at a time on the CPU, in whole frames: more need more memory and are no faster there."""


@dataclass(frozen=True)
class Request:
    """What a run is asked to do.

    Attributes:
        models: name -> network in eval mode; same classes as the dataset.
        corruptions: names in the suite; severities: of 1 to 5.
        out: the run folder.
        limit: evaluate at most this many frames, spread evenly over the dataset.
        workers: threads that evaluate conditions side by side; None for one a core.
        protocol: ``standard`` or ``endoarss``; see :mod:`.protocol`.
        gallery: frames whose pictures and masks are kept for the report.
        recorded: names of the dataset's recorded conditions, see :mod:`.recorded`.
        precision: ``fp32`` or ``bf16``, of the models' forward passes.
        batch: frames at a time at most; None for a whole chunk, on the CPU for :data:`PIXELS` of it.
        compile: have torch compile the models; on CUDA alone.
        notes: what a reader of the report must know, in the user's words.
    """

    models: Mapping[str, ModelCall]
    dataset: Dataset
    suite: Suite
    corruptions: Sequence[str]
    severities: Sequence[int]
    out: Path
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    limit: int | None = None
    metrics: tuple[type[Metric], ...] = ()
    protocol: str = "standard"
    workers: int | None = None
    gallery: int = 2
    recorded: tuple[str, ...] = ()
    precision: str = "fp32"
    batch: int | None = None
    compile: bool = False
    notes: tuple[str, ...] = ()


def chosen(count: int, limit: int | None) -> list[int]:
    """Indices of the frames of a run, spread evenly.

    Raises:
        DataError: no frame, or a limit below 1.
    """
    if count == 0 or (limit is not None and limit < 1):
        found = "an empty dataset" if count == 0 else f"a limit of {limit}"
        raise DataError(f"Expected at least one frame to evaluate, got {found}: check --data, --split and --limit.")
    number = count if limit is None else min(limit, count)
    return [position * count // number for position in range(number)]


def chunked(indices: Sequence[int], device: torch.device) -> list[Sequence[int]]:
    """The frames in chunks, at least eight of them where there are frames enough.

    They depend on the number of frames and the kind of device alone, so results do not depend on who computes them or
    on an interruption.
    """
    size = min(CHUNK if device.type == "cpu" else CHUNK_ON_DEVICE, max(1, len(indices) // 8))
    return [indices[start : start + size] for start in range(0, len(indices), size)]


@dataclass(frozen=True)
class Job:
    """What is done to every frame of a run.

    Attributes:
        models: name -> network, on ``device``, in eval mode.
        conditions: from :func:`robustbench_endo.evaluation.conditions.plan`.
        metrics: a user's own, beside the standard ones.
        precision: ``fp32`` or ``bf16``, of the forward passes.
        batch: frames at a time at most; None for all frames of a chunk.
        pixels: at a time at most, in whole frames; None for any number.
    """

    models: Mapping[str, ModelCall]
    suite: Suite
    conditions: Sequence[Condition]
    num_classes: int
    device: torch.device
    seed: int = 0
    metrics: tuple[type[Metric], ...] = ()
    gallery: GalleryWriter = field(default_factory=lambda: GalleryWriter(None, (), ()))
    precision: str = "fp32"
    batch: int | None = None
    pixels: int | None = None


class BatchSize:
    """Frames at a time: what was asked for, until the memory says less.

    The corrupted pixels and the labels of a frame do not depend on it.
    """

    def __init__(self, most: int | None, pixels: int | None = None) -> None:
        self.most = most
        self._pixels = pixels
        self._lock = threading.Lock()

    def lower(self, size: int) -> None:
        """From now on at most ``size``."""
        with self._lock:
            self.most = size if self.most is None else min(self.most, size)

    def cut(self, count: int, pixels: int) -> list[list[int]]:
        """Places 0 to ``count`` - 1, of frames with so many pixels each, in batches."""
        size = min(self.most or count, count if self._pixels is None else max(1, self._pixels // pixels))
        return [list(range(start, min(start + size, count))) for start in range(0, count, size)]
