"""A Ray cluster of two nodes, each with processes of its own, of which one is lost while it computes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("two_nodes.py")


def test_a_node_is_lost_in_the_middle(make_folder, tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    command = [sys.executable, str(SCRIPT), str(make_folder(frames=12)), str(tmp_path / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    found = json.loads((tmp_path / "out" / "got.json").read_text("utf-8"))
    assert found["lost"]
    assert found["signed"] == found["nodes"]
    assert found["same"]
