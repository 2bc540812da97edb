"""An evaluation opens no connection: every socket but those of this machine's own processes is an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BLOCKED = """
import socket, sys

class Blocked(socket.socket):
    def __new__(cls, family=socket.AF_INET, *arguments, **options):
        if family in (socket.AF_INET, socket.AF_INET6):
            raise RuntimeError(f"a socket was opened: {family}")
        return super().__new__(cls, family, *arguments, **options)

def refuse(*arguments, **options):
    raise RuntimeError(f"a connection was made: {arguments}")

socket.socket, socket.create_connection, socket.getaddrinfo = Blocked, refuse, refuse
from robustbench_endo.__main__ import run
sys.argv = ["robust-endo", *sys.argv[1:]]
run()
"""
ARGUMENTS = (
    *("evaluate", "--limit", "1", "--corruption", "smoke", "--severity", "3"),
    *("--format", "html,pdf", "--workers", "1"),
)


def evaluate(folder: Path, *prefix: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HF_HUB_OFFLINE": "0", "OMP_NUM_THREADS": "1"}
    command = [*prefix, sys.executable, "-c", BLOCKED, *ARGUMENTS, "--out", str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def check(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert done.returncode == 0, done.stderr
    assert (folder / "report.html").is_file()
    assert (folder / "report.pdf").is_file()


def test_evaluate_without_a_network_finishes(tmp_path):
    """With blocked sockets, and where this machine allows it in a network namespace, which also blocks other code."""
    unshare, options = shutil.which("unshare"), ("--net", "--map-root-user")
    allowed = unshare and subprocess.run([unshare, *options, "true"], capture_output=True).returncode == 0
    check(evaluate(tmp_path / "run", *((unshare, *options) if allowed else ())), tmp_path / "run")


def test_blocked_sockets_are_an_error():
    code = BLOCKED.partition("from robustbench_endo")[0] + "import urllib.request; urllib.request.urlopen('http://x')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "a connection was made" in done.stderr
