"""Every Triton kernel is run by the interpreter, and compiles for a GPU that this machine need not have.

A kernel is added to these tests by a function `check_*` that launches it, in the file `interpreted_triton.py` of the
tests of its package (or a new one), which compares the result with that of plain torch. Everything else follows:
run_interpreter.py records the types and constants of each launch, and compile_launches.py compiles the same launches.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
H100 = 90
"""Its compute capability, times ten."""

pytestmark = pytest.mark.slow


def kernels(root: Path = ROOT) -> Iterator[str]:
    """``module:function`` of every function of a module `*_triton.py` that Triton compiles."""
    for folder, package in (
        ("robustbench_endo", "robustbench_endo"),
        ("corruptions", "robustbench_endo.corruptions"),
        ("reports", "robustbench_endo.reports"),
    ):
        for path in sorted((root / folder).rglob("*_triton.py")):
            module = ".".join((package, *path.relative_to(root / folder).with_suffix("").parts))
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and any(
                    "triton.jit" in ast.unparse(d) for d in node.decorator_list
                ):
                    yield f"{module}:{node.name}"


def test_every_kernel_is_run_by_a_check(triton_launches: Path) -> None:
    result = json.loads(triton_launches.read_text("utf-8"))
    run = {f"{row['module']}:{row['kernel']}" for row in result["launches"]} | set(result["called"])
    missing = [kernel for kernel in kernels() if kernel not in run]
    assert not missing, "add a function check_* that launches them to an interpreted_triton.py"
    assert len(list(kernels())) > 8


def test_kernels_finds_decorated_functions_only(tmp_path: Path) -> None:
    package = tmp_path / "corruptions" / "kernels"
    package.mkdir(parents=True)
    text = "def a(): ...\n@triton.jit\ndef b(): ...\n@triton.jit(do_not_specialize=('x',))\ndef c(x): ...\n"
    (package / "new_triton.py").write_text(text, "utf-8")
    name = "robustbench_endo.corruptions.kernels.new_triton"
    assert list(kernels(tmp_path)) == [f"{name}:b", f"{name}:c"]


def test_every_check_passes(triton_failures: dict[str, str]) -> None:
    assert {name: text for name, text in triton_failures.items() if text} == {}


def test_every_launch_says_whether_products_and_sums_are_fused(triton_launches: Path) -> None:
    # Without it Triton 3.9 warns, and 3.10 computes something else than 3.9.
    rows = json.loads(triton_launches.read_text("utf-8"))["launches"]
    assert [row["kernel"] for row in rows if "enable_fp_fusion" not in row["options"]] == []


def test_every_kernel_compiles_for_an_h100(triton_launches: Path, tmp_path: Path) -> None:
    script = Path(__file__).with_name("compile_launches.py")
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path), "CUDA_VISIBLE_DEVICES": "", "TRITON_INTERPRET": "0"}
    command = [sys.executable, script, triton_launches, str(H100)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    failures: dict[str, Any] = json.loads(run.stdout)
    assert failures
    assert {name: text for name, text in failures.items() if text} == {}
