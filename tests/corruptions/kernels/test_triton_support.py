"""Detection of Triton."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from robustbench_endo.corruptions.kernels import triton_support
from robustbench_endo.corruptions.kernels.triton_support import use_triton


def test_use_triton_is_false_on_the_cpu() -> None:
    assert not use_triton(torch.device("cpu"))


def test_use_triton_is_false_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton_support, "find_spec", lambda name: None)
    assert not use_triton.__wrapped__(torch.device("cuda"))


def test_use_triton_is_false_where_the_compiler_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton_support, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "robustbench_endo.corruptions.kernels.rng.philox_triton", None)
    assert not use_triton.__wrapped__(torch.device("cuda"))


@pytest.mark.slow
def test_importing_the_corruptions_does_not_import_triton() -> None:
    script = "import sys; from robustbench_endo.corruptions import CORRUPTIONS; sys.exit('triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
