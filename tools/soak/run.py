"""Attacks on the command line: kills, signals, fuzzed files, traps, edited runs, large inputs, concurrent processes.

    python tools/soak/run.py [--section NAME ...] [--scale 0.1] [--out benchmarks/results/soak.json]

Prints one line per test, merges the outcomes of the sections that ran into the result file, and exits with 1 where a
trial failed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from outcome import SoakResult

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "kills-evaluate": "kills_evaluate",
    "kills-train": "kills_train",
    "signals": "interruptions",
    "fuzz": "fuzz",
    "traps": "traps",
    "tampering": "tampering",
    "sizes": "sizes",
    "two-processes": "two_processes",
}
"""Section -> module with ``run(folder, scale)``."""

PACKAGES = ("robustbench-endo", "torch", "numpy", "pandas", "pyarrow", "pillow", "safetensors", "click")


def run_section(name: str, scale: float, work: Path | None) -> list[SoakResult]:
    """The outcomes of a section, in a temporary folder; an exception of the harness is a failed test."""
    with tempfile.TemporaryDirectory(prefix=f"soak-{name}-", dir=work, ignore_cleanup_errors=True) as folder:
        started = time.monotonic()
        try:
            outcomes: list[SoakResult] = importlib.import_module(SECTIONS[name]).run(Path(folder), scale)
        except Exception as error:  # noqa: BLE001 - the other sections still run
            traceback.print_exc()
            outcomes = [SoakResult(name, 0, 1, time.monotonic() - started, f"{type(error).__name__}: {error}"[:400])]
    return outcomes


def environment() -> dict[str, Any]:
    """Versions, commit and date."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    return {"commit": commit.stdout.strip(), "date": time.strftime("%Y-%m-%d", time.gmtime()), "versions": versions}


def merge_results(path: Path, sections: dict[str, list[SoakResult]], scale: float) -> None:
    """Replace the sections that ran in the result file and keep the others."""
    before = json.loads(path.read_text("utf-8"))["sections"] if path.is_file() else {}
    now = environment()
    for name, outcomes in sections.items():
        before[name] = {**now, "scale": scale, "tests": [outcome.as_json() for outcome in outcomes]}
    content = {"cores": os.cpu_count(), "sections": {name: before[name] for name in SECTIONS if name in before}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected sections; 1 where a trial failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--section", action="append", choices=SECTIONS, help="repeatable; by default all")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the numbers of trials")
    parser.add_argument("--work", type=Path, help="folder for temporary files")
    parser.add_argument("--out", type=Path, help="result file; sections that did not run are retained in it")
    options = parser.parse_args(arguments)
    passed = True
    for name in options.section or SECTIONS:
        outcomes = run_section(name, options.scale, options.work)
        for outcome in outcomes:
            print(outcome.line(), flush=True)
            for failure in outcome.failures:
                print(f"        {failure}", flush=True)
        passed &= all(outcome.ok for outcome in outcomes)
        if options.out:
            merge_results(options.out, {name: outcomes}, options.scale)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
