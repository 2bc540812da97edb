"""Evaluations on a GPU: the same bytes twice, in any number of streams, and with little memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from robustbench_endo.evaluation import plan as plan_module
from robustbench_endo.models import SHIPPED, load_model

pytestmark = pytest.mark.gpu

NAMES = ("gaussian_noise", "glass_blur", "motion_blur", "smoke", "elastic_transform", "jpeg_compression")
FRAME_BYTES = 64 << 20
"""Of the GPU's memory for each frame of :class:`Hungry`."""
LIMIT = 4
"""Frames that fit into the memory."""

Evaluate = Callable[..., Path]


class Hungry(nn.Module):
    """A model that needs much memory and treats each pixel by itself, so that batches do not matter.

    Attributes:
        sizes: of the batches that it has finished.
    """

    input_size = None

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        if images.device.type == "cpu":  # has no limit of this kind
            if len(images) > LIMIT:
                raise torch.OutOfMemoryError("CUDA out of memory.")
        else:
            torch.empty(len(images) * FRAME_BYTES, dtype=torch.uint8, device=images.device)
        self.sizes.append(len(images))
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat((-light, light, torch.full_like(light, -9)), 1)}


@pytest.fixture
def evaluate(make_plan: Any, run: Any, gpu: torch.device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """A function that evaluates all frames of a run as one chunk on the GPU, and returns the file of its records."""
    monkeypatch.setattr(plan_module, "split_chunks", lambda indices, device: [indices])

    def file_of(name: str, **options: Any) -> Path:
        settings = {"frames": 4, "corruptions": NAMES, "severities": (5,), "gallery_frames": 0, **options}
        run(make_plan(**{"device": str(gpu), "out": tmp_path / name, **settings}))
        return tmp_path / name / "results.parquet"

    return file_of


def tiny_models() -> dict[str, nn.Module]:
    return {name: load_model(name, num_classes=3, num_activities=2, weights=None) for name in SHIPPED[:2]}


def test_evaluation_on_a_gpu_gives_the_same_bytes_twice(evaluate: Evaluate) -> None:
    torch.manual_seed(0)
    models = tiny_models()
    first, second = (evaluate(name, models=models) for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_evaluation_on_a_gpu_does_not_depend_on_streams_and_workers(evaluate: Evaluate) -> None:
    torch.manual_seed(0)
    models = tiny_models()
    files = [evaluate(str(workers), models=models, workers=workers, batch_size=3) for workers in (4, 1)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_evaluation_on_a_gpu_agrees_with_the_cpu(evaluate: Evaluate) -> None:
    small = {"corruptions": ("contrast", "gaussian_noise"), "precision": "fp32"}
    files = evaluate("gpu", **small), evaluate("cpu", **small, device="cpu")
    on_gpu, on_cpu = (pd.read_parquet(file) for file in files)
    assert len(on_gpu) == 2 * 3 * 8
    counts = [name for name in on_cpu if name.startswith(("tp_", "fp_", "fn_"))]
    assert counts
    apart = (on_gpu[counts] - on_cpu[counts]).abs().sum(axis=1)
    assert (apart <= 0.001 * on_cpu[counts].sum(axis=1)).all()


def test_evaluation_on_a_gpu_with_little_memory_halves_the_batch(evaluate: Evaluate, gpu: torch.device) -> None:
    small = {"corruptions": ("contrast",), "workers": 1, "batch_size": 8}
    unlimited = evaluate("unlimited", models={"m": Hungry()}, **{**small, "batch_size": LIMIT})
    model = Hungry()
    if gpu.type == "cuda":
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(gpu).total_memory
        most = torch.cuda.memory_reserved(gpu) + int((LIMIT + 2.5) * FRAME_BYTES)
        torch.cuda.set_per_process_memory_fraction(most / total, gpu)
    try:
        limited = evaluate("limited", models={"m": model}, **small)
    finally:
        if gpu.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(1.0, gpu)
    assert max(model.sizes) == LIMIT
    assert limited.read_bytes() == unlimited.read_bytes()


@pytest.mark.filterwarnings("default")  # of torch's compiler
def test_evaluation_on_a_gpu_of_compiled_models_has_nearly_the_same_records(
    evaluate: Evaluate, gpu: torch.device
) -> None:
    if gpu.type == "cpu":
        pytest.skip("models are compiled on CUDA only")
    torch.manual_seed(0)
    models = tiny_models()
    small = {"corruptions": ("contrast",), "precision": "fp32"}
    plain, compiled = (
        pd.read_parquet(evaluate(str(number), models=models, compile=bool(number), **small)) for number in (0, 1)
    )
    numbers = plain.filter(like="confidence").columns
    pd.testing.assert_frame_equal(plain[numbers], compiled[numbers], atol=1e-3, rtol=0)


def test_evaluation_on_a_gpu_within_autocast_of_the_caller_gives_the_same_bytes(
    evaluate: Evaluate, gpu: torch.device
) -> None:
    small = {"corruptions": ("elastic_transform", "spatter")}
    expected = evaluate("plain", **small)
    with torch.autocast(gpu.type, torch.bfloat16):
        within = evaluate("autocast", **small)
    assert within.read_bytes() == expected.read_bytes()
