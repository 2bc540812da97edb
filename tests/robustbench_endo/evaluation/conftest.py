"""A model that needs no training, and plans to evaluate it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.plan import EvaluationPlan, build_plan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run import run_plan, run_shard

MakePlan = Callable[..., EvaluationPlan]


class Threshold(nn.Module):
    """Labels bright pixels as instrument; two activities by the mean brightness."""

    input_size = None

    def __init__(self, level: float = 0.65) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor(level))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        light = images.mean(1, keepdim=True) - self.level
        mean = light.mean((1, 2, 3))[:, None]
        return {
            "segmentation": torch.cat((-20 * light, 20 * light, torch.full_like(light, -9)), 1),
            "activity": torch.cat((mean, -mean), 1),
        }


@pytest.fixture
def make_plan(make_folder: Callable[..., Path], tmp_path: Path) -> MakePlan:
    """A plan for two models on toy frames under two corruptions at two severities; ``options`` as in the config."""

    def make(
        frames: int = 5,
        models: Any = None,
        dataset: Any = None,
        metrics: Any = (),
        chunks: Any = None,
        **options: Any,
    ) -> EvaluationPlan:
        config = EvaluationConfig(
            **{
                "corruptions": ("gaussian_noise", "contrast"),
                "severities": (1, 5),
                "device": "cpu",
                "out": tmp_path / "run",
                **options,
            }
        )
        models = {"low": Threshold(0.6), "high": Threshold(0.7)} if models is None else models
        dataset = FolderDataset(make_folder(frames=frames)) if dataset is None else dataset
        return build_plan(config, models, dataset, metrics=metrics, chunks=chunks)

    return make


def _ignore(done: int, total: int) -> None:
    """No progress is reported."""


@pytest.fixture(scope="session")
def run() -> Callable[..., Any]:
    """Evaluate a plan: ``run(plan, progress, engine)``."""

    def evaluate(plan: EvaluationPlan, progress: Any = _ignore, engine: Any = evaluate_chunks) -> Any:
        return run_plan(plan, lambda done, total, _: progress(done, total), Profiler(), engine)

    return evaluate


@pytest.fixture(scope="session")
def run_part() -> Callable[..., Any]:
    """Evaluate the shard of a plan: ``run_part(plan, progress)``."""

    def evaluate(plan: EvaluationPlan, progress: Any = _ignore) -> Any:
        return run_shard(plan, lambda done, total, _: progress(done, total), Profiler(), evaluate_chunks)

    return evaluate
