"""The launches of Triton kernels and their variants."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[tuple[int, ...]]]:
    """A function that makes the kernels of a module do nothing; it returns the list of the grids of their launches."""
    pytest.importorskip("triton", reason="Triton is not installed: plain torch takes its place")

    def record(module: str) -> list[tuple[int, ...]]:
        grids: list[tuple[int, ...]] = []

        class Recorder:
            def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
                grids.append(grid)
                return lambda *arguments, **options: None

        for name in launched_kernels(module):
            monkeypatch.setattr(f"{module}.{name}", Recorder())
        return grids

    return record


@pytest.fixture(scope="session")
def specialised() -> Callable[[str], list[str]]:
    """A function that names the arguments of a module's kernels for whose values Triton compiles variants."""
    pytest.importorskip("triton", reason="Triton is not installed: plain torch takes its place")

    def find(module: str) -> list[str]:
        kernels = launched_kernels(module)
        assert kernels
        return [
            f"{name}: {parameter.name}"
            for name, kernel in kernels.items()
            for parameter in kernel.params
            if not parameter.is_constexpr and not parameter.do_not_specialize
        ]

    return find


def launched_kernels(module: str) -> dict[str, Any]:
    """The kernels of a module that are not only called by others: those that write to ``out``."""
    from triton.runtime.jit import JITFunction

    members = vars(import_module(module)).items()
    return {name: kernel for name, kernel in members if isinstance(kernel, JITFunction) and "out" in kernel.arg_names}
