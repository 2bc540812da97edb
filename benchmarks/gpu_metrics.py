"""The estimate of metrics and of the stages of an evaluation, with real values: scenes and mistaken predictions."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from emulated_gpu import CUDA, Recorder, emulated_gpu, record, record_phases, to_gpu
from gpu_corruptions import BATCH, SMALL
from gpu_machine import Run, for_batch
from label_maps import CLASSES, mistaken
from synthetic_inputs import FULL_SIZE, evaluation_plan, on_disk
from torch import Tensor, nn

from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.evaluation import loop
from robustbench_endo.evaluation.adaptation.episode import Episode
from robustbench_endo.evaluation.batch import Batch, read_batches
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.workers import Workers
from robustbench_endo.metrics import class_counts, mask_ssim, surface_distances
from robustbench_endo.metrics.calibration import confidence_bins, sample_pixels
from robustbench_endo.metrics.image_similarity import CleanReference
from robustbench_endo.tasks.registry import TASKS

SIZE = (512, 663)
"""The frames of the paper at the resolution of the suite."""
MASK_SSIM_MS, SURFACE_MS = 0.05, 0.2
"""Milliseconds a frame (and model) at most."""
STAGES = ("corrupt", "forward", "score", "metrics", "write")
"""The first three take turns, one condition each; the others are what else a condition waits for."""


@lru_cache(maxsize=1)
def scenes() -> tuple[Tensor, Tensor, Tensor]:
    """Images (3, 3, H, W), predicted and true label maps uint8 (3, H, W) on the CPU."""
    data = SyntheticScenes(split="test", frames=SMALL[1], size=SIZE)
    samples = [data[i] for i in range(SMALL[1])]
    images = torch.stack([sample.image for sample in samples]).float() / 255
    target = torch.stack([sample.mask for sample in samples if sample.mask is not None])
    pred = torch.stack([torch.from_numpy(mistaken(mask.numpy(), i)) for i, mask in enumerate(target)])
    return images, pred, target


def logits_of(labels: Tensor) -> Tensor:
    """Logits bf16 (B, 7, H / 4, W / 4) on the CPU with about these labels."""
    masks = F.one_hot(labels.long(), CLASSES).permute(0, 3, 1, 2).float()
    return (8 * F.avg_pool2d(masks, 4)).bfloat16()


def metrics() -> dict[str, dict[str, float]]:
    """Name -> row of the result, for 32 frames."""
    images, pred, target = scenes()
    logits = logits_of(pred)
    task = next(task for task in TASKS if task.name == "segmentation")

    def arguments(count: int) -> dict[str, Any]:
        gpu = {"pred": pred, "target": target, "images": images, "logits": logits}
        moved: dict[str, Any] = {name: to_gpu(tensor[:count].clone()) for name, tensor in gpu.items()}
        with Recorder():
            return {**moved, "clean": CleanReference(moved["images"] * 0.9)}

    def calibration(a: dict[str, Any]) -> None:
        confidence_bins(sample_pixels(a["images"][:, 0]), sample_pixels(a["pred"]), sample_pixels(a["target"]))

    calls: dict[str, Callable[[dict[str, Any]], Any]] = {
        "decode": lambda a: task.decode(a["logits"], SIZE),
        "mask_ssim": lambda a: mask_ssim(a["pred"], a["target"], CLASSES),
        "surface_distances": lambda a: surface_distances(a["pred"], a["target"], CLASSES),
        "confusion": lambda a: class_counts(a["pred"], a["target"], CLASSES),
        "calibration": calibration,
        "dose": lambda a: a["clean"].compare(a["images"]),
    }
    rows = {}
    with emulated_gpu():
        small, large = (arguments(count) for count in SMALL)
        for name, call in calls.items():
            record(lambda call=call: call(small))  # makes what is made once
            run = for_batch(*(record(lambda a=a, call=call: call(a)) for a in (small, large)), SMALL, BATCH)
            rows[name] = {**run.row(), "ms_per_frame": round(run.ms / BATCH, 4)}
    return rows


class KnownLogits(nn.Module):
    """A model whose forward pass costs nothing: it knows the outputs for all batches that it is shown."""

    def __init__(self, outputs: dict[str, Tensor]) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """As every model."""
        return {name: to_gpu(values[: len(images)]) for name, values in self.outputs.items()}


class Phases(Profiler):
    """Tells the recorder which stage runs."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    @contextmanager
    def time(self, phase: str) -> Iterator[None]:
        """See the base class."""
        with self.recorder.time(phase):
            yield


@lru_cache(maxsize=1)
def _frames() -> tuple[Batch, Tensor]:
    """Frames of the paper's size as the loop reads them, on the host, and logits of a mistaken prediction."""
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder), SMALL[1], FULL_SIZE)
        (batch,), _ = read_batches(data, range(SMALL[1]), min(SIZE), TASKS)
    pred = [torch.from_numpy(mistaken(mask.numpy(), i)) for i, mask in enumerate(batch.targets["segmentation"])]
    return batch, logits_of(torch.stack(pred))


class Evaluation:
    """An evaluation of 32 frames by ``models`` models whose forward passes cost nothing, on the emulated GPU.

    Attributes:
        variants: of Triton kernels that were launched.
    """

    def __init__(self, models: int) -> None:
        batch, logits = _frames()
        outputs = {"segmentation": logits, "activity": torch.eye(3)[: len(batch)].bfloat16()}
        named = {f"known {number}": KnownLogits(outputs) for number in range(models)}
        with tempfile.TemporaryDirectory() as folder:
            data = on_disk(Path(folder) / "data", 1, (64, 64))
            plan = evaluation_plan(named, data, Path(folder) / "run", precision="bf16")
        self.plan = replace(plan, device=CUDA, gallery=GalleryWriter(None, (), ()))
        self.names = self.plan.suite.names
        self.variants: set[str] = set()
        with emulated_gpu(), Recorder():
            self.batches = [batch.select(range(count)).to(CUDA) for count in SMALL]

    def corrupt(self, corruption: str, severity: float) -> Run:
        """The first stage alone."""

        def call(recorder: Recorder, batch: Any) -> None:
            with recorder.time("corrupt"):
                loop.corrupt_batch(self.plan, batch, Condition(corruption, severity))

        return self._run(call)["corrupt"]

    def stages(self, corruption: str, severity: float) -> dict[str, Run]:
        """All stages."""
        return self._run(lambda r, b: _evaluate(self.plan, b, corruption, severity, r))

    def _run(self, call: Callable[[Recorder, Any], None]) -> dict[str, Run]:
        sides = []
        with emulated_gpu():
            for batch in self.batches:
                for _ in range(2):  # the first time, what is made once is made
                    phases = record_phases(lambda recorder, batch=batch: call(recorder, batch))
                sides.append(phases)
        self.variants |= {item.variant for run in sides[1].values() for item in run.operations if item.variant}
        return {
            stage: for_batch(sides[0][stage], sides[1][stage], SMALL, BATCH) for stage in STAGES if stage in sides[1]
        }


def _evaluate(plan: Any, batch: Any, corruption: str, severity: float, recorder: Recorder) -> None:
    with Workers(plan.models, CUDA, 1) as workers:
        known = {
            "plan": plan,
            "workers": workers,
            "profiler": Phases(recorder),
            "episode": Episode(None),
            "batch": batch,
            "condition": Condition(corruption, severity),
        }
        parameters = inspect.signature(loop.evaluate_condition).parameters
        with _turns_recorded(workers, recorder):
            loop.evaluate_condition(**{name: value for name, value in known.items() if name in parameters})


@contextmanager
def _turns_recorded(workers: Workers, recorder: Recorder) -> Iterator[None]:
    """Record what happens in the turn of a stage as its phase."""
    names = {id(stream): name for name, stream in workers.streams._asdict().items()}
    kind = type(workers.streams.score)
    original = kind.acquire

    @contextmanager
    def acquire(self: Any, after: Any = None) -> Iterator[None]:
        with original(self, after), recorder.time(names[id(self)]):
            yield

    with mock.patch.object(kind, "acquire", acquire):
        yield
