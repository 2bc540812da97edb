"""Latency of models, measured one frame at a time; never part of the records, because no two measurements agree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.device import choose_device, finish
from robustbench_endo.evaluation.predict import Model

MAX_REPEATS = 100_000


@dataclass(frozen=True)
class Latency:
    """Milliseconds of a forward pass for one frame.

    Attributes:
        p50_ms, p99_ms: median and 99th percentile over the repeats.
        mean_ms: their mean.
        repeats, warm_up: passes that were measured, and not measured before them.
        device: of the model.
        threads: of torch on the CPU; ONNX files always use one.
        size: height and width of the frames.
    """

    p50_ms: float
    p99_ms: float
    mean_ms: float
    repeats: int
    warm_up: int
    device: str
    threads: int
    size: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "size": list(self.size)}


def measure_latency(
    models: Mapping[str, Model],
    size: tuple[int, int] = (512, 640),
    repeats: int = 100,
    warm_up: int = 10,
    device: str = "cpu",
    threads: int = 1,
) -> dict[str, Latency]:
    """Time a forward pass for one frame, with the models in turn, so that a busy machine slows all of them.

    Args:
        models: name -> network, as for :func:`rb.evaluate`.
        size: height and width of the frame, at least 32.
        repeats: passes of each model, at least 20: fewer have no 99th percentile worth the name.
        warm_up: passes before them.
        device: where networks of torch run.
        threads: of torch on the CPU.

    Raises:
        RobustEndoError: a number outside its range, or a device that is missing.

    >>> import robustbench_endo as rb
    >>> model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    >>> measured = measure_latency({"resnet": model}, (64, 64), repeats=20, warm_up=1)["resnet"]
    >>> 0 < measured.p50_ms <= measured.p99_ms
    True
    """
    for name, value, least, most in (
        ("repeats", repeats, 20, MAX_REPEATS),
        ("warm_up", warm_up, 0, MAX_REPEATS),
        ("threads", threads, 1, 1024),
        ("size", min(size), 32, 16_384),
    ):
        if not least <= value <= most:
            raise RobustEndoError(f"Expected {name} from {least} to {most}, got {value}: correct it.")
    target = choose_device(device)
    for model in models.values():
        if isinstance(model, torch.nn.Module):
            model.to(target).eval()
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0)).to(target)
    with _threads(threads), torch.inference_mode():
        for _ in range(warm_up):
            for model in models.values():
                _seconds(model, image, target)
        seconds = [[_seconds(model, image, target) for model in models.values()] for _ in range(repeats)]
    milliseconds = 1000 * np.array(seconds)
    return {
        name: Latency(
            p50_ms=float(np.median(each)),
            p99_ms=float(np.percentile(each, 99)),
            mean_ms=float(each.mean()),
            repeats=repeats,
            warm_up=warm_up,
            device=str(target),
            threads=threads,
            size=size,
        )
        for name, each in zip(models, milliseconds.T, strict=True)
    }


def _seconds(model: Callable[[torch.Tensor], object], image: torch.Tensor, device: torch.device) -> float:
    begin = time.perf_counter()
    model(image)
    finish(device)
    return time.perf_counter() - begin


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
