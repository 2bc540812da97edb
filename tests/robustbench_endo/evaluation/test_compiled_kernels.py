"""The list of warm-up steps whose kernels are in the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_endo.evaluation.compiled_kernels import CompiledKernels
from robustbench_endo.evaluation.kernel_warm_up import Step, run_steps

pytestmark = pytest.mark.usefixtures("kernel_cache")


def test_list_of_another_processor_or_a_damaged_one_is_not_used(
    kernel_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_steps([Step("a", lambda: None)])
    assert CompiledKernels().names == {"a"}
    (file,) = kernel_cache.glob("*.json")
    file.write_text("damaged", "utf-8")
    assert CompiledKernels().names == frozenset()
    file.write_text('["a"]', "utf-8")
    monkeypatch.setattr("robustbench_endo.evaluation.compiled_kernels._key", lambda: "0" * 64)
    assert CompiledKernels().names == frozenset()


def test_without_a_folder_steps_run_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustbench_endo.evaluation.compiled_kernels.kernels_root", lambda: None)
    step = Step("a", lambda: None)
    assert [run_steps([step]).steps for _ in range(2)] == [1, 1]
    assert CompiledKernels().size() == (0, 0)
