"""What is done to every frame of a run."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from robustbench_endo.evaluation.conditions import Condition, Suite
from robustbench_endo.evaluation.forward import ModelCall
from robustbench_endo.evaluation.gallery_writer import GalleryWriter
from robustbench_endo.metrics import Metric


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
