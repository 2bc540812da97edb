"""Run Python sessions in forks of one process, so that torch is loaded once; standard library and our package only.

Reads a JSON object title -> code from standard input, and prints title -> [exit code, stdout, stderr].
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path


def run(code: str, folder: Path) -> tuple[int, str, str]:
    """Run code in a fork; its exit code and what it printed."""
    files = [folder / "stdout", folder / "stderr"]
    child = os.fork()
    if child == 0:
        for descriptor, file in enumerate(files, start=1):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        status = 0
        try:
            exec(compile(code, "session.py", "exec"), {"__name__": "__main__"})
        except BaseException:  # noqa: BLE001 - whatever the session raises is its outcome
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    _, status = os.waitpid(child, 0)
    stdout, stderr = (file.read_text("utf-8", "replace") for file in files)
    return os.waitstatus_to_exitcode(status), stdout, stderr


def main() -> None:
    """Run all sessions of standard input."""
    scripts = json.load(sys.stdin)
    sys.path.insert(0, str(Path.cwd()))
    import pandas  # noqa: F401
    import torch  # noqa: F401

    import robustbench_endo

    for name in robustbench_endo.__all__:
        getattr(robustbench_endo, name)
    with tempfile.TemporaryDirectory() as folder:
        outcomes = {title: run(code, Path(folder)) for title, code in scripts.items()}
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main()
