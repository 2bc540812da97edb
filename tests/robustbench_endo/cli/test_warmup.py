"""``robust-endo warmup`` compiles once, shows progress only then, and says where the cache lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from numba import njit

from robustbench_endo.cli import main
from robustbench_endo.evaluation import kernel_warm_up
from robustbench_endo.evaluation.kernel_warm_up import Step

pytestmark = pytest.mark.usefixtures("kernel_cache")


def _compile() -> None:
    njit(lambda x: x + 1)(1)


def test_warmup_compiles_once_and_names_the_cache(monkeypatch: pytest.MonkeyPatch, kernel_cache: Path) -> None:
    steps = [Step("smoke", _compile), Step("contrast", _compile)]
    monkeypatch.setattr(kernel_warm_up, "suite_steps", lambda suite: steps)
    first = CliRunner().invoke(main, ["warmup"])
    assert first.exit_code == 0
    assert first.stderr.startswith("Compiling kernels (once, about 6 s): 0 of 6 s (0 %)\n")
    assert first.stdout.startswith("Compiled ")
    assert str(kernel_cache) in first.stdout
    second = CliRunner().invoke(main, ["warmup"])
    assert second.stderr == ""
    assert second.stdout.startswith("Nothing to do: all kernels are compiled.\n")


def test_warmup_of_an_unknown_suite_is_an_error_of_one_sentence() -> None:
    result = CliRunner().invoke(main, ["warmup", "--suite", "endo18"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Expected the name of a suite or a path to a .toml file, got 'endo18': ")
    assert result.stderr.count("\n") == 1


def test_warmup_without_a_folder_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustbench_endo.evaluation.compiled_kernels.kernels_root", lambda: None)
    monkeypatch.setattr(kernel_warm_up, "suite_steps", lambda suite: [])
    assert "set ROBUST_ENDO_CACHE to a folder" in CliRunner().invoke(main, ["warmup"]).stdout
