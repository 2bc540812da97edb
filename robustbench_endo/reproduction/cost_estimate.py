"""Estimated duration of experiments, from counted multiply-adds and the measured speed of the device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F

from robustbench_endo.models.summary import cost_of
from robustbench_endo.models.zoo import build
from robustbench_endo.reproduction.experiments import ROBUST, TASKS, Cell, CellTasks
from robustbench_endo.training.config import TrainConfig

PASSES = {"both": 5, "classification": 3, "segmentation": 3}
"""Duration of a training step in forward passes: itself, and two more for the gradient of each task."""

OVERHEAD = 0.02
"""Seconds of a training step besides the network: launching, optimiser, combining the gradients of the tasks."""

_NUM_LABELS = {"segmentation": 8, "activity": 12}

SETUP = 1.0
"""Seconds before and after: building, reading, writing."""

SCORING = 0.04
"""Seconds of one core for a frame under one condition: corruption and all metrics at a short side of 512."""

CONDITIONS = {ROBUST: 96}
"""Of a run at five severities; a run on clean frames has 1."""

LABEL = (
    "Times are estimates, accurate to about a factor of three on an idle machine: from counted multiply-adds, "
    "{speed:.0f} G per second measured on this device, and {passes} forward passes per training step."
)


@dataclass(frozen=True)
class Estimate:
    """Seconds.

    Attributes:
        training: of all epochs.
        evaluation: under both protocols.
    """

    training: float
    evaluation: float


def estimate(
    cell: Cell, settings: TrainConfig, frames: int, test_frames: int, conditions: int, speed: float
) -> Estimate:
    """Duration of the training and evaluation of a cell.

    Args:
        frames: training frames.
        test_frames: number of test frames.
        conditions: of each test frame.
        speed: 10^9 multiply-adds per second, see :func:`speed_of`.
    """
    steps = settings.epochs * -(-frames // settings.batch_size)
    forward = _gmacs(cell.model, cell.task) / speed
    training = settings.epochs * frames * forward * PASSES[cell.task] + steps * OVERHEAD + SETUP
    return Estimate(training, 2 * test_frames * conditions * (forward + SCORING))


@lru_cache
def _gmacs(model: str, task: CellTasks) -> float:
    """Of one frame; nothing is computed or allocated. The numbers of labels hardly matter."""
    labels = {name: _NUM_LABELS[name] for name in TASKS[task]}
    with torch.device("meta"):
        network = build(model, labels=labels).eval()
    size: tuple[int, int] = network.input_size  # type: ignore[assignment]  # of a network of the zoo
    return cost_of(network, size, "meta").gmacs or 0.0


def speed_of(device: torch.device, clock: Callable[[], float] = time.perf_counter) -> float:
    """10^9 multiply-adds per second of this device in the convolutions of a ResNet's middle, forward and backward."""
    images = torch.randn(4, 256, 28, 28, device=device, requires_grad=True)
    kernel = torch.randn(256, 256, 3, 3, device=device, requires_grad=True)
    macs = 3 * images.numel() * 256 * 9
    rounds = 3 if device.type == "cpu" else 30
    for repeat in range(rounds + 1):
        if repeat == 1:  # the first one warms up
            _wait(device)
            start = clock()
        torch.autograd.grad(F.conv2d(images, kernel, padding=1).sum(), [images, kernel])
    _wait(device)
    return rounds * macs / max(clock() - start, 1e-9) / 1e9


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def format_duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.4 h``, ``5.1 days``."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} s"
