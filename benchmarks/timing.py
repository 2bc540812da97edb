"""Timing side by side: the two sides take turns in one process, so a slow moment of the machine hits both."""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def milliseconds(call: Callable[[], Any], repeats: int) -> float:
    """Mean wall time of ``repeats`` calls in a row."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats * 1e3


def in_turn(
    ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 5, repeats: int = 1
) -> tuple[float, float]:
    """Median milliseconds of each side over ``rounds`` turns of ``repeats`` calls, after one warm-up turn."""
    ours()
    theirs()
    pairs = [(milliseconds(ours, repeats), milliseconds(theirs, repeats)) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def machine(*packages: str) -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }


def peak_mib() -> float:
    """The largest resident memory that this process ever had; NaN where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep(name: str, content: dict[str, Any], quick: bool = False) -> Path:
    """Write a result where it is committed from; a smoke run's into the temporary folder of the system."""
    folder = Path(tempfile.gettempdir()) / "robust-endo-benchmarks" if quick else RESULTS
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return path
