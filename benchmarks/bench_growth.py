"""How time and memory of an evaluation grow with frames, models and pixels, on the CPU.

    python benchmarks/bench_growth.py [--quick]

Every run has its own process. The shipped models; clean and smoke at severity 3; frames corrupted at their own size.
Time is that of the evaluation, from PNG files to the results on disk, after one frame that compiled everything; memory
is the peak of the process, libraries and weights included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from synthetic_inputs import evaluation_plan, on_disk, run, shipped
from timing import cores, machine, peak_mib, save_result

from robustbench_endo.data import FolderDataset

CONDITIONS: dict[str, Any] = {"corruptions": "smoke", "severities": (3,)}
FRAMES = (25, 50, 100, 200, 400)
SERIES = ((1, 224), (1, 512), (2, 512), (3, 512), (1, 1024))
"""Models and short side of the frames in pixels."""
ROUNDS = {224: 5}
"""Runs per point, where one is too short for a busy machine; the median time and the largest memory are reported."""
MIN_R2, MAX_GROWTH = 0.99, 5.0
"""Targets: of the straight line through the times; percent of memory from 50 to 400 frames."""


def main() -> None:
    """Measure, print and save."""
    if len(sys.argv) == 5:
        print(json.dumps(measure(Path(sys.argv[1]), *map(int, sys.argv[2:]))))
        return
    quick = "--quick" in sys.argv
    frames, series = ((4, 8, 16), ((1, 224),)) if quick else (FRAMES, SERIES)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for side in sorted({side for _, side in series}):
            on_disk(Path(folder) / str(side), max(frames), (side, side * 5 // 4))
        for models, side in series:
            rows.append(growth(Path(folder) / str(side), models, side, frames))
            print(rows[-1], flush=True)
    about = {
        "cores": cores(),
        "corruptions": [CONDITIONS["corruptions"]],
        "severities": list(CONDITIONS["severities"]),
        "wanted": {"r2": MIN_R2, "memory_growth_percent": MAX_GROWTH},
    }
    print(save_result("growth_cpu", {**machine("torch", "numba", "numpy"), **about, "series": rows}, quick))
    if not quick:
        assert min(row["r2"] for row in rows) >= MIN_R2
        assert max(row["memory_growth_percent"] for row in rows) <= MAX_GROWTH


def measure(folder: Path, frames: int, models: int, side: int) -> dict[str, float]:
    """Seconds and MiB of one run, in this process."""
    data, zoo = FolderDataset(folder, "test"), shipped(models)
    options = {**CONDITIONS, "resolution": side}
    with tempfile.TemporaryDirectory() as name:
        run(evaluation_plan(zoo, data, Path(name) / "warm", limit=1, **options))
        start = time.perf_counter()
        run(evaluation_plan(zoo, data, Path(name) / "run", limit=frames, **options))
        return {"seconds": round(time.perf_counter() - start, 3), "peak_mib": round(peak_mib(), 1)}


def growth(folder: Path, models: int, side: int, frames: tuple[int, ...]) -> dict[str, Any]:
    """One series: frames against time and memory, and the straight line through the times."""
    rounds = [[in_new_process(folder, count, models, side) for count in frames] for _ in range(ROUNDS.get(side, 1))]
    points = list(zip(*rounds, strict=True))
    seconds = [median(each["seconds"] for each in runs) for runs in points]
    peaks = [max(each["peak_mib"] for each in runs) for runs in points]
    slope, start = np.polyfit(frames, seconds, 1)
    residual = np.sum((np.polyval((slope, start), frames) - seconds) ** 2)
    first = frames.index(50) if 50 in frames else 0
    return {
        "models": models,
        "short_side": side,
        "rounds": len(rounds),
        "frames": list(frames),
        "seconds": seconds,
        "peak_mib": peaks,
        "seconds_a_frame": round(float(slope), 4),
        "r2": round(float(1 - residual / np.sum((seconds - np.mean(seconds)) ** 2)), 5),
        "memory_growth_percent": round(100 * (peaks[-1] / peaks[first] - 1), 2),
    }


def in_new_process(folder: Path, *numbers: int) -> dict[str, float]:
    """The measurement of a run in a new process."""
    command = [sys.executable, __file__, str(folder), *map(str, numbers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    row: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return row


if __name__ == "__main__":
    main()
