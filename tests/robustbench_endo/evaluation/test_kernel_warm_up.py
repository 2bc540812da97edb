"""Kernels are compiled before a run, once, with progress only where there is something to compile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from numba import njit

from robustbench_endo.corruptions import load_suite
from robustbench_endo.corruptions.kernels import cache_folder
from robustbench_endo.data.synthetic.dataset import SyntheticScenes
from robustbench_endo.errors import UnknownNameError
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.kernel_warm_up import (
    Step,
    _Frames,
    corruption_steps,
    plan_steps,
    run_steps,
    suite_steps,
)
from robustbench_endo.evaluation.plan import build_plan, select_corruptions


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv("ROBUST_ENDO_CACHE", str(tmp_path))
    cache_folder.cache_root.cache_clear()
    root = cache_folder.kernels_root()
    assert root is not None
    root.mkdir(parents=True)
    yield root
    cache_folder.cache_root.cache_clear()


def _fail() -> None:
    raise ValueError("of this frame")


def _compile() -> None:
    njit(lambda x: x + 1)(1)


def test_steps_run_once_also_after_an_error() -> None:
    calls: list[str] = []
    steps = [Step("first", lambda: calls.append("first")), Step("failing", _fail)]
    assert run_steps(steps).steps == 2
    assert run_steps(steps).steps == 0
    assert run_steps([*steps, Step("third", lambda: calls.append("third"))]).steps == 1
    assert calls == ["first", "third"]


def test_progress_begins_with_the_first_compilation() -> None:
    reports: list[tuple[float, float, str]] = []
    nothing = [Step("a", lambda: None), Step("b", lambda: None)]
    assert run_steps(nothing, lambda *report: reports.append(report)).kernels == 0
    assert reports == []
    steps = [Step("c", lambda: None), Step("d", _compile), Step("e", lambda: None)]
    assert run_steps(steps, lambda *report: reports.append(report)).kernels >= 1
    assert reports[0] == (1, 3, "d")
    assert reports[-1] == (3, 3, "")


def test_suite_steps_cover_all_corruptions_and_refuse_unknown_suites() -> None:
    names = [step.name for step in suite_steps("all")]
    assert {f"endo19/{name}" for name in load_suite("endo19").names} <= set(names)
    assert {"synthetic", "scores/standard", "endo-surgical/lens_fog"} <= set(names)
    assert len(names) == len(set(names))
    with pytest.raises(UnknownNameError, match=r"endo18.*did you mean"):
        suite_steps("endo18")


def test_corruption_steps_are_the_parts_of_compounds() -> None:
    suite = load_suite("endo19")
    assert [step.name for step in corruption_steps(suite, ["smoke+contrast", "smoke"])] == [
        "endo19/smoke",
        "endo19/contrast",
    ]


def test_plan_steps_are_those_that_the_run_needs() -> None:
    config = EvaluationConfig(device="cpu", corruptions="contrast", limit=1)
    plan = build_plan(config, {"a": torch.nn.Identity()}, SyntheticScenes(frames=1, size=(48, 64)))
    assert [step.name for step in plan_steps(plan)] == ["synthetic", "scores/standard", "endo19/contrast"]
    assert [step.name for step in plan_steps(replace(plan, device=torch.device("cuda", 0)))] == ["synthetic"]


def test_frames_have_a_surround_and_score_without_errors() -> None:
    frames = _Frames(select_corruptions(EvaluationConfig(corruptions="contrast")), "standard")
    areas = {batch.ids[0]: batch.areas[0] for batch in frames.batches}
    assert areas["small"] is None
    assert areas["round"] is not None
    assert [tuple(batch.images.shape[2:]) for batch in frames.batches][2] == (512, 640)
