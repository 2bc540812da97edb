"""Interleaved timing: two sides alternate in one process, so that a slow moment of the machine affects both."""

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
    """Mean wall time of ``repeats`` consecutive calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats * 1e3


def interleave(
    ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 5, repeats: int = 1
) -> tuple[float, float]:
    """Median milliseconds of each side over ``rounds`` rounds of ``repeats`` calls, after one warm-up round."""
    ours()
    theirs()
    pairs = [(milliseconds(ours, repeats), milliseconds(theirs, repeats)) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def machine(*packages: str) -> dict[str, Any]:
    """The machine and the versions of the measurement."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }


def peak_mib() -> float:
    """The peak resident memory of this process; NaN where the system does not report it."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def save_result(name: str, content: dict[str, Any], quick: bool = False) -> Path:
    """Write a result to the folder that is committed; that of a quick run to the temporary folder of the system."""
    folder = Path(tempfile.gettempdir()) / "robust-endo-benchmarks" if quick else RESULTS
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    valid = json.loads(json.dumps(content), parse_constant=lambda _: None)  # JSON has no NaN
    path.write_text(json.dumps(valid, indent=1) + "\n", "utf-8")
    return path
