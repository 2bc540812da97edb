"""The command line as a process: exit codes, encodings of the terminal, and a closed output."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def robust_endo():
    """Run the command line in a process with further environment variables."""

    def call(*arguments, output=subprocess.PIPE, **environment):
        return subprocess.run(
            [sys.executable, "-m", "robustbench_endo", *arguments],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )

    return call


def test_run_passes_on_the_exit_code(robust_endo):
    assert robust_endo("--version").returncode == 0
    done = robust_endo("report", "no_such_run")
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: ")
    assert done.stderr.count(b"\n") == 1


def test_run_writes_characters_that_the_terminal_lacks_as_escapes(robust_endo):
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = robust_endo("corruptions", "--suite", "sm\xf6ke.toml", **ascii_only)
    assert done.returncode == 2
    assert b"Cannot read the suite file sm" in done.stderr
    done = robust_endo("corruptions", **ascii_only)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
