"""Commands compile kernels before they begin, and show progress only then."""

from __future__ import annotations

import pytest
from numba import njit

from robustbench_endo.cli.compile_kernels import compile_for_corruptions, compile_for_training, compile_steps
from robustbench_endo.corruptions import select
from robustbench_endo.data import load_dataset
from robustbench_endo.evaluation import kernel_warm_up
from robustbench_endo.evaluation.kernel_warm_up import Step


@pytest.fixture(autouse=True)
def _nothing_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustbench_endo.evaluation.compiled_kernels.kernels_root", lambda: None)


def _compile() -> None:
    njit(lambda x: x + 1)(1)


def test_progress_names_the_remaining_time_when_something_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    compile_steps([Step("a", lambda: None), Step("b", lambda: None)])
    assert capsys.readouterr().err == ""
    compile_steps([Step("a", lambda: None), Step("b", _compile), Step("c", lambda: None)])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Compiling kernels (once, about 2 s): 0 of 2 s (0 %)"
    assert lines[-1].startswith("Compiling kernels (once, about 2 s): 2 of 2 s (100 %)")


def test_commands_compile_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(kernel_warm_up, "run_steps", lambda steps, progress: names.extend(step.name for step in steps))
    compile_for_corruptions(select("endo19", "contrast,jpeg_compression"))
    assert names[:2] == ["endo19/contrast", "endo19/jpeg_compression"]
    assert names[2:] == ["surround/endo19/contrast", "surround/endo19/jpeg_compression"]
    names.clear()
    compile_for_training(load_dataset("synthetic", frames=1, size=(48, 64)))
    assert names == ["synthetic", "scores/standard"]
