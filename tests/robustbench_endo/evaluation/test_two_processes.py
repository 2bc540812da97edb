"""Two processes that compute one run in one folder at the same time write the same files as one."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import robustbench_endo as rb

model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
data = rb.load_dataset("synthetic", frames=6, size=(64, 64))
rb.evaluate({"resnet": model}, data, "smoke,contrast", (3,), sys.argv[1])
"""

TIMES = ("created", "finished", "timings", "name", "config", "command", "checksum")


def start(out):
    """An evaluation in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(out)], stderr=subprocess.PIPE, text=True)


def content(folder):
    """Files without run.json, and run.json without times."""
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    info = json.loads(files.pop((folder / "run.json").relative_to(folder)))
    return files, {name: value for name, value in info.items() if name not in TIMES}


@pytest.mark.slow
def test_two_processes_in_one_folder_write_the_files_of_one(tmp_path):
    for process in [start(tmp_path / name) for name in ("together", "together", "alone")]:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert content(tmp_path / "together") == content(tmp_path / "alone")
