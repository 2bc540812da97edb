"""Whole evaluations against only their forward passes, the time of each stage, training and inference."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from bench_training import batch_of, train_step
from forward_only import compare_with_forward
from measured_setting import Save, Setting
from synthetic_inputs import FULL_SIZE, TABLE7, evaluation_plan, on_disk, random_weights, run
from torch import nn

from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation.device import autocast, deterministic
from robustbench_endo.evaluation.plan import move_models
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.models import SHIPPED
from robustbench_endo.training import TrainConfig

FRAMES, SEVERITIES = 256, (3,)
"""Of so many frames, chunks have 32."""


def measure(setting: Setting, save: Save) -> None:
    """One and three models, then the stages of one batch at a time."""
    with tempfile.TemporaryDirectory() as folder:
        data, result = frames(setting, Path(folder)), {}
        for part, specs in (("alone", _specs(setting)[-1:]), ("shared", _specs(setting))):
            result[part] = compared(setting, data, Path(folder) / part, specs)
            save(result)
        every = (("stages_alone", _specs(setting)[-1:]), ("stages_shared", _specs(setting)))
        for part, specs in every[: setting.of(2, 1)]:
            result[part] = stages(setting, data, Path(folder) / part, specs)
            save(result)


def compiled(setting: Setting, save: Save) -> None:
    """As the first part of :func:`measure`, with `--compile`."""
    if setting.device.type != "cuda":
        save({"absent": "torch.compile is used on CUDA only"})
        return
    with tempfile.TemporaryDirectory() as folder:
        data, result = frames(setting, Path(folder)), {}
        for part, specs in (("alone", _specs(setting)[-1:]), ("shared", _specs(setting))):
            result[part] = compared(setting, data, Path(folder) / part, specs, compile=True)
            save(result)


def _specs(setting: Setting) -> Sequence[str]:
    return tuple(setting.of(TABLE7, SHIPPED))


def frames(setting: Setting, folder: Path) -> FolderDataset:
    """Frames of the paper's size on disk."""
    return on_disk(folder / "data", setting.of(FRAMES, 2), setting.of(FULL_SIZE, (48, 64)))


def _options(setting: Setting) -> dict[str, Any]:
    return {
        "device": str(setting.device),
        "precision": setting.of("bf16", "fp32"),
        "batch_size": setting.batch,
        "severities": SEVERITIES,
        "gallery_frames": setting.of(2, 0),
        **setting.of({}, {"corruptions": ("contrast",), "resolution": None}),
    }


def compared(setting: Setting, data: FolderDataset, out: Path, specs: Sequence[str], **options: Any) -> dict[str, Any]:
    """An evaluation over only its forward passes, taking turns by chunks."""
    with setting.peak() as peak:
        times = compare_with_forward(evaluation_plan(random_weights(specs), data, out, **_options(setting), **options))
    return {"models": list(specs), "frames": len(data), **times.row(), "peak_mib": peak["mib"]}


def stages(setting: Setting, data: FolderDataset, out: Path, specs: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of each stage per batch and condition, where each waits for the device: they do not overlap."""
    models, profiler = random_weights(specs), Profiler(setting.wait)
    for folder, times in (("warm", None), ("measured", profiler)):
        plan = evaluation_plan(models, data, out / folder, workers=1, **_options(setting))
        run(replace(plan, chunks=[range(setting.batch)]), times)
    return {
        "models": list(specs),
        "ms": {phase: 1e3 * seconds / len(plan.conditions) for phase, seconds in profiler.phases().items()},
    }


def training(setting: Setting, save: Save) -> None:
    """Peak memory and time of a step of EndoARSS, batch 16, 224 x 224 px, bf16."""
    spec, size, side = setting.of(TABLE7[-1], SHIPPED[0]), setting.of(16, 2), setting.of(224, 64)
    precision = setting.of("bf16-mixed", "32-true")
    config = TrainConfig(precision=precision, class_weights="none", weighting="equal", grad_clip=0.0)
    with deterministic(backward=True), setting.peak() as peak:
        step = train_step(spec, config, str(setting.device))
        batch = batch_of(size, (side, side))
        step.step(batch)  # creates the state of Adam
        ms = setting.milliseconds(lambda: step.step(batch), 10)
    save({"model": spec, "batch": size, "step_ms": ms, "peak_mib": peak["mib"]})


@torch.inference_mode()
def inference(setting: Setting, save: Save) -> None:
    """Images per second in batches, and memory with one image, of EndoARSS at 224 x 224 px in bf16."""
    spec, side = setting.of(TABLE7[-1], SHIPPED[0]), setting.of(224, 64)
    (model,) = move_models(random_weights([spec]), setting.device, compiled=False).values()
    precision = setting.of("bf16", "fp32")

    def forward(images: torch.Tensor) -> None:
        with autocast(precision, setting.device):
            assert isinstance(model, nn.Module)
            model(images)

    image = torch.rand(1, 3, side, side, device=setting.device)
    with setting.peak() as peak:
        ms_of_one = setting.milliseconds(lambda: forward(image), 10)
    result = {"model": spec, "ms_batch_1": ms_of_one, "peak_mib_batch_1": peak["mib"]}
    save(result)
    images = image.repeat(setting.batch, 1, 1, 1)
    ms = setting.milliseconds(lambda: forward(images), 10)
    save(result | {"batch": setting.batch, "images_per_s": 1e3 * setting.batch / ms})
