"""Kernels are compiled before a run, once, with progress only where there is something to compile."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest
import torch
from numba import njit

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data.concat import ConcatDataset
from robustbench_endo.data.synthetic.dataset import SyntheticScenes
from robustbench_endo.errors import UnknownNameError
from robustbench_endo.evaluation import kernel_warm_up
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
from robustbench_endo.metrics import checks

pytestmark = pytest.mark.usefixtures("kernel_cache")


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
    assert reports[0] == (pytest.approx(1, abs=0.5), 3, "d")
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
    steps = corruption_steps(suite, ["smoke+contrast", "smoke"])
    singles = ["endo19/smoke", "endo19/contrast"]
    assert [step.name for step in steps] == [*singles, *(f"surround/{name}" for name in singles)]
    assert [step.name for step in corruption_steps(suite, ["smoke+contrast"], surround=False)] == singles


def test_plan_steps_are_those_that_the_run_needs() -> None:
    config = EvaluationConfig(device="cpu", corruptions="contrast", limit=1)
    plan = build_plan(config, {"a": torch.nn.Identity()}, SyntheticScenes(frames=1, size=(48, 64)))
    assert [step.name for step in plan_steps(plan)] == ["synthetic", "scores/standard", "endo19/contrast"]
    assert [step.name for step in plan_steps(replace(plan, device=torch.device("cuda", 0)))] == ["synthetic"]


def test_plan_steps_of_own_frames_include_a_surround() -> None:
    config = EvaluationConfig(device="cpu", corruptions="contrast", limit=1)
    plan = build_plan(config, {"a": torch.nn.Identity()}, SyntheticScenes(frames=1, size=(48, 64)))
    names = [step.name for step in plan_steps(replace(plan, dataset=ConcatDataset([plan.dataset])))]
    assert names == ["scores/standard", "surround/scores/standard", "endo19/contrast", "surround/endo19/contrast"]


def test_score_checks_labels_as_a_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(checks, "check_labels", lambda name, *others, **options: calls.append(name))
    monkeypatch.setattr(kernel_warm_up, "predict_nothing", lambda *others: {})
    monkeypatch.setattr(kernel_warm_up, "score_batch", lambda *others: calls.append("scores") or Mock())
    _Frames(select_corruptions(EvaluationConfig(corruptions="contrast")), "standard", ("small",)).score()
    assert calls == ["target", "scores"]


def test_frames_with_a_surround_are_separate() -> None:
    selected = select_corruptions(EvaluationConfig(corruptions="contrast"))
    small, large = _Frames(selected, "standard", ("small", "large")).batches
    (surrounded,) = _Frames(selected, "standard", ("round",)).batches
    assert small.areas[0] is None
    assert large.areas[0] is None
    assert surrounded.areas[0] is not None
    assert tuple(large.images.shape[2:]) == (512, 640)
