"""Compiled functions and their cache, which another installation of the same sources finds."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustbench_endo.corruptions.kernels import cache_folder
from robustbench_endo.corruptions.kernels.compiled import KernelCache, njit

CALLEE = """
from robustbench_endo.corruptions.kernels.compiled import njit

@njit(cache=True)
def step(x):
    return x + {step}
"""
CALLER = """
from robustbench_endo.corruptions.kernels.compiled import njit
from robustbench_endo.fake_callee import step

@njit(cache=True)
def twice(x):
    return step(step(x))
"""


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("ROBUST_ENDO_CACHE", str(tmp_path / "cache"))
    cache_folder.cache_root.cache_clear()
    yield
    cache_folder.cache_root.cache_clear()
    for name in ("callee", "caller"):
        sys.modules.pop(f"robustbench_endo.fake_{name}", None)


def _install(folder: Path, step: int = 1) -> Any:
    """Write and import two modules, as an installation at another path does; the function ``twice``."""
    folder.mkdir()
    for name, text in (("callee", CALLEE.format(step=step)), ("caller", CALLER)):
        path = folder / f"fake_{name}.py"
        path.write_text(text, "utf-8")
        spec = importlib.util.spec_from_file_location(f"robustbench_endo.fake_{name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module.__name__] = module
        spec.loader.exec_module(module)
    return module.twice


def test_another_installation_compiles_nothing(tmp_path: Path) -> None:
    first = _install(tmp_path / "first")
    assert first(1) == 3
    assert sum(first.stats.cache_misses.values()) == 1
    again = _install(tmp_path / "again")
    assert again(1) == 3
    assert sum(again.stats.cache_hits.values()) == 1
    assert not again.stats.cache_misses
    assert not list((tmp_path / "first").glob("__pycache__/*.nb?"))


def test_change_of_a_called_function_in_another_file_compiles_again(tmp_path: Path) -> None:
    assert _install(tmp_path / "first")(1) == 3
    assert _install(tmp_path / "changed", step=10)(1) == 21


def test_damaged_cache_costs_one_compilation(tmp_path: Path) -> None:
    assert _install(tmp_path / "first")(1) == 3
    for path in (tmp_path / "cache").rglob("*.nb[ci]"):
        path.write_bytes(b"damaged")
    damaged = _install(tmp_path / "again")
    assert damaged(1) == 3
    assert sum(damaged.stats.cache_misses.values()) == 1
    repaired = _install(tmp_path / "repaired")
    assert repaired(1) == 3
    assert sum(repaired.stats.cache_hits.values()) == 1


def test_folder_that_cannot_be_written_gives_results_without_a_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kernels").touch()  # a file where the folder should be
    assert _install(tmp_path / "first")(1) == 3


def test_writers_of_different_signatures_do_not_mix_them_up(tmp_path: Path) -> None:
    first, second = _install(tmp_path / "first"), _install(tmp_path / "second")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda call: call[0](call[1]), [(first, 1), (second, 1.5)])) == [3, 3.5]
    both = _install(tmp_path / "both")
    assert (both(1), both(1.5)) == (3, 3.5)
    assert sum(both.stats.cache_hits.values()) == 2


def test_njit_without_cache_or_arguments_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    @njit
    def total(values: np.ndarray) -> float:
        return values.sum()

    assert total(np.arange(4)) == 6
    assert not isinstance(total._cache, KernelCache)
    monkeypatch.setattr("numba.config.DISABLE_JIT", True)
    plain = njit(cache=True)(lambda x: x + 1)
    assert type(plain).__name__ == "function"
    assert plain(1) == 2
