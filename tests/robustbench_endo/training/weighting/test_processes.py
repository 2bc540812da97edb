"""Two processes with half a batch each take the step of one process with the whole."""

from __future__ import annotations

import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("two_processes.py")
METHODS = ["equal", "moco", "aligned_mtl", "stch", "db_mtl", *(["torchjd:random"] if find_spec("torchjd") else [])]


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this build of torch has no gloo")
def test_two_processes_take_the_step_of_one(tmp_path):
    arguments = [",".join(METHODS), str(tmp_path)]
    running = [subprocess.Popen([sys.executable, str(SCRIPT), str(rank), "2", *arguments]) for rank in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    whole = runpy.run_path(str(SCRIPT))["trained"]
    for method in METHODS:
        for name, expected in whole(method, 0, 1).items():
            torch.testing.assert_close(first[method][name], expected, rtol=1e-4, atol=1e-6, msg=f"{method} {name}")
            assert torch.equal(first[method][name], second[method][name])
