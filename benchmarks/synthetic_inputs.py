"""Inputs of benchmarks: synthetic scenes on disk as a data set in folders, models, and evaluations of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from robustbench_endo.data import FolderDataset
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.plan import Engine, EvaluationPlan, build_plan
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run import run_plan
from robustbench_endo.models import SHIPPED, build, load_model

FULL_SIZE, FULL_FRAMES = (1009, 1306), 402
"""(height, width) and number of the frames of the paper's test set."""
TABLE7 = ("resnet101/dselect_k", "resnet101/mmoe", "endoarss/tesla")
"""The three columns of the paper's Table VII."""
_DISTINCT = 24


def on_disk(folder: Path, count: int, size: tuple[int, int]) -> FolderDataset:
    """``count`` PNG frames of ``size`` (height, width) with masks and activities; 24 scenes, then the same again."""
    scenes = SyntheticScenes(split="test", frames=min(count, _DISTINCT), size=size)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("\n".join(scenes.classes) + "\n", "utf-8")
    for number in range(len(scenes)):
        sample = scenes[number]
        assert sample.mask is not None
        assert sample.activity is not None
        images = {"image": sample.image.permute(1, 2, 0).numpy(), "mask": sample.mask.numpy()}
        for kind, pixels in images.items():
            subfolder = folder / "test" / scenes.activities[sample.activity] / kind
            subfolder.mkdir(parents=True, exist_ok=True)
            first = subfolder / f"seq_{number // 6:02d}_frame_{number:04d}.png"
            Image.fromarray(pixels).save(first)
            for copy in range(number + _DISTINCT, count, _DISTINCT):
                (subfolder / f"seq_{copy // 6:02d}_frame_{copy:04d}.png").hardlink_to(first)
    return FolderDataset(folder, "test")


def evaluation_plan(models: Mapping[str, nn.Module], data: FolderDataset, out: Path, **options: Any) -> EvaluationPlan:
    """The plan of ``robust-endo evaluate`` on the CPU: suite endo19, all conditions.

    Args:
        models, data, out: of the run.
        options: other settings of :class:`~robustbench_endo.evaluation.config.EvaluationConfig`.
    """
    return build_plan(EvaluationConfig(**{"device": "cpu", "out": out, **options}), models, data)


def run(plan: EvaluationPlan, profiler: Profiler | None = None, engine: Engine = evaluate_chunks) -> None:
    """Evaluate a plan, from the frames to the results on disk."""
    run_plan(plan, lambda done, total, condition: None, profiler or Profiler(), engine)


def shipped(count: int = len(SHIPPED)) -> dict[str, nn.Module]:
    """The first of the three small models that ship with the package."""
    return {name: load_model(name, weights="pretrained") for name in SHIPPED[:count]}


def random_weights(specs: Sequence[str]) -> dict[str, nn.Module]:
    """Fresh networks with 7 classes and 3 activities: no time depends on the values of the weights."""
    return {spec: build(spec, 7, 3).eval() for spec in specs}
