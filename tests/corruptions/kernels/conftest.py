"""The results of the Triton kernels in Triton's interpreter, their launches and their variants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def triton_failures() -> dict[str, str]:
    """Failures of the checks of interpreted_triton.py by name; empty strings where the kernels agree with the CPU."""
    if find_spec("triton") is None:
        pytest.skip("Triton is not installed: plain torch takes its place")
    script = Path(__file__).with_name("interpreted_triton.py")
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    failures: dict[str, str] = json.loads(run.stdout)
    return failures


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
