"""A Ray cluster of two nodes, each with its processes, of which one is lost during a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("two_nodes.py")


@pytest.mark.ray
@pytest.mark.slow
def test_ray_engine_survives_a_lost_node(make_folder, tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    command = [sys.executable, str(SCRIPT), str(make_folder(frames=12)), str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    content = json.loads((tmp_path / "out" / "got.json").read_text("utf-8"))
    assert content["removed"]
    assert content["signed"] == content["nodes"]
    assert content["same"]
