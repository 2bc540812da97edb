"""The targets that need running code; ``tools/structure.py --run`` prints them with the others.

Each measurement runs in a fresh interpreter with the installed package, so that nothing is imported beforehand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from source_files import FOLDERS, PACKAGE, ROOT
from structure import Row

CORRUPT_MODULES = 80
CPU_SECONDS = 0.5
FRAMES, FRAME_FILES = 8, 4
REPETITIONS = 3
"""CPU time is the lowest of this many runs; the first one may have to compile bytecode."""

CORRUPT = """
import numpy as np
import robustbench_endo as rb
rb.corrupt(np.zeros((64, 64, 3), np.uint8), "smoke", severity=3)
"""
HELP = """
from robustbench_endo.cli import main
main(["--help"], standalone_mode=False)
"""
IMPORT = "import robustbench_endo"
STACK = """
import traceback
import torch
import robustbench_endo as rb

class ForwardCalled(Exception):
    pass

class Model(torch.nn.Module):
    warm = False  # by the batch before the run

    def forward(self, images):
        if self.warm:
            raise ForwardCalled
        self.warm = True
        return {"segmentation": torch.zeros(len(images), 7, 8, 8)}

data = rb.load_dataset("synthetic", split="test", frames=1)
try:
    rb.evaluate({"model": Model()}, data, corruptions="contrast", severities=[3], device="cpu")
except Exception as error:
    result["stack"] = []
    while error is not None:  # an error that another one replaced holds the inner part of the stack
        result["stack"] += [(frame.filename, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
        error = error.__cause__ or error.__context__
"""
"""The model raises: a traceback goes through the threads of the evaluation, which the stack of the model does not."""

HARNESS = """
import contextlib, io, json, sys, time
result = {{}}
with contextlib.redirect_stdout(io.StringIO()):
    exec({code!r})
result.update(cpu=time.process_time(), modules=sorted(sys.modules))
print(json.dumps(result))
"""


def run(code: str) -> dict[str, Any]:
    """Run code in a fresh interpreter.

    Returns:
        ``modules``: names of all imported modules; ``cpu``: seconds of CPU time since the start of the interpreter; and
        what the code put into ``result``.

    Raises:
        subprocess.CalledProcessError: the code failed; its traceback was printed to stderr.
    """
    command = [sys.executable, "-c", HARNESS.format(code=code)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, Any] = json.loads(output)
    return measured


def imported_by_corrupt() -> Row:
    """Modules of the project that ``rb.corrupt`` imports."""
    modules = run(CORRUPT)["modules"]
    project = [name for name in modules if name.split(".")[0] == PACKAGE]
    unwanted = _imported(modules, ("matplotlib", "ray", f"{PACKAGE}.training"))
    value = f"{len(project)}{_with(unwanted)}"
    target = f"<= {CORRUPT_MODULES}; no matplotlib, training, ray"
    return Row(
        "project modules imported by rb.corrupt", value, target, len(project) <= CORRUPT_MODULES and not unwanted
    )


def start_up(label: str, code: str) -> Row:
    """Modules and CPU time of a command that has to start quickly."""
    runs = [run(code) for _ in range(REPETITIONS)]
    modules, seconds = runs[0]["modules"], min(measured["cpu"] for measured in runs)
    unwanted = _imported(modules, ("torch", "numba", "pandas"))
    value = f"{len(modules):,} modules, {seconds:.2f} s CPU{_with(unwanted)}"
    target = f"<= {CPU_SECONDS} s CPU; no torch, numba, pandas"
    return Row(label, value, target, seconds <= CPU_SECONDS and not unwanted)


def stack_frames() -> Row:
    """Stack frames of the project from ``rb.evaluate`` to the forward pass of a model."""
    folders = tuple(str(ROOT / folder) for folder in FOLDERS)
    stack = [(file, name) for file, name in run(STACK)["stack"] if file.startswith(folders)]
    files = {file for file, _ in stack}
    met = 0 < len(stack) <= FRAMES and len(files) <= FRAME_FILES
    value, target = f"{len(stack)} in {len(files)} files", f"<= {FRAMES} in <= {FRAME_FILES} files"
    offenders = [f"{Path(file).relative_to(ROOT)}: {name}" for file, name in stack]
    return Row("stack frames from rb.evaluate to the model", value, target, met, offenders)


def _imported(modules: Sequence[str], packages: Sequence[str]) -> list[str]:
    return [name for name in packages if name in modules]


def _with(unwanted: Sequence[str]) -> str:
    return f", with {', '.join(unwanted)}" if unwanted else ""


def measure_running() -> list[Row]:
    """The targets that need running code."""
    return [
        imported_by_corrupt(),
        start_up("robust-endo --help", HELP),
        start_up("import robustbench_endo", IMPORT),
        stack_frames(),
    ]
