"""A training with two processes gives the weights of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = """
import sys
import torch
from robustbench_endo.models import load_model
from robustbench_endo.training import Hardware, TrainConfig, train
sys.path.insert(0, sys.argv[1])
from conftest import Squares


class Frozen(torch.nn.BatchNorm2d):
    def train(self, mode=True):  # half a batch has other statistics
        return super().train(False)


def fit(out, devices):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = load_model("tiny-resnet/mmoe@width=12,head_channels=8,input_size=32x40", 2, 2)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.__class__ = type("Frozen", (Frozen, type(module)), {})
    config = TrainConfig(epochs=1, batch_size=4, augment="none", class_weights="none", weighting="db_mtl")
    train(model, Squares(8), Squares(4), config, out=out, hardware=Hardware(devices=devices))


if __name__ == "__main__":
    fit(sys.argv[2], 2)
"""


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_train_with_two_processes_equals_one(tmp_path, weights):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    here, environment = str(Path(__file__).parent), {**os.environ, "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, str(script), here, str(tmp_path / "two")]
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert finished.returncode == 0, finished.stderr
    namespace: dict[str, object] = {"__name__": "script"}
    sys.argv[1:2], before = [here], sys.argv[1:2]
    try:
        exec(SCRIPT, namespace)
        namespace["fit"](tmp_path / "one", 1)
    finally:
        sys.argv[1:2] = before
        sys.path.remove(here)
        sys.modules.pop("conftest", None)
    first, second = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], atol=1e-4, rtol=1e-3)
