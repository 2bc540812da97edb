"""Two processes that compute one run in one folder at the same time write the same files as one."""

import json
import subprocess
import sys

import pytest

MODEL = """
import torch

class Threshold(torch.nn.Module):
    def forward(self, images):
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat([weight * light for weight in range(-3, 4)], 1)}

def build(num_classes=None, num_activities=None):
    return Threshold()
"""
SCRIPT = """
import sys
import robustbench_endo as rb

model = rb.load_model(sys.argv[1] + ":build", num_classes=7)
data = rb.load_dataset("synthetic", frames=6, size=(64, 64))
rb.evaluate({"threshold": model}, data, "smoke,contrast", (3,), sys.argv[2])
"""

TIMES = ("created", "finished", "timings", "name", "config", "command", "checksum")


def start(model, out):
    """An evaluation in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(model), str(out)], stderr=subprocess.PIPE, text=True)


def content(folder):
    """Files without run.json, and run.json without times."""
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    info = json.loads(files.pop((folder / "run.json").relative_to(folder)))
    return files, {name: value for name, value in info.items() if name not in TIMES}


@pytest.mark.slow
def test_two_processes_in_one_folder_write_the_files_of_one(tmp_path, monkeypatch):
    model = tmp_path / "threshold.py"
    model.write_text(MODEL)
    processes = [start(model, tmp_path / "together") for _ in range(2)]
    endings = [(process.communicate()[1], process.returncode) for process in processes]
    assert [code for _, code in endings] == [0, 0], endings
    monkeypatch.setattr(sys, "argv", ["-c", str(model), str(tmp_path / "alone")])
    exec(compile(SCRIPT, "<string>", "exec"), {"__name__": "__main__"})
    assert content(tmp_path / "together") == content(tmp_path / "alone")
