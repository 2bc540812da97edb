"""The same evaluation by the local engine and by Ray with 1 and 2 workers: wall time, and the same bytes.

    python benchmarks/bench_ray.py [--quick]

Ray's time is told from the cluster that stands to the results on disk: its worker processes import the package, load
models and compile within it. Needs the extra `ray`; without it the script says so.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synthetic_inputs import on_disk, request, shipped
from timing import cores, keep, machine

from robustbench_endo import evaluation
from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation.engines.local import local
from robustbench_endo.evaluation.plan import Engine

SIZE, WORKERS = (512, 640), (1, 2)


def main() -> None:
    """Measures, prints, keeps."""
    if not find_spec("ray"):
        print("bench_ray: expected the extra ray, got it not installed: nothing was measured.")
        return
    quick = "--quick" in sys.argv
    frames, severities = (2, (3,)) if quick else (32, (1, 3, 5))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder) / "data", frames, SIZE)
        evaluation.run(request(shipped(), data, Path(folder) / "warm", limit=1, severities=(3,)))
        for engine in ("local", "ray"):
            for count in WORKERS:
                rows.append(row(engine, count, data, Path(folder), severities))
                print(rows[-1], flush=True)
    about = {"cores": cores(), "size": list(SIZE), "frames": frames, "conditions": 1 + 19 * len(severities)}
    print(keep("ray_cpu", {**machine("torch", "ray"), **about, "models": list(shipped()), "runs": rows}, quick))
    assert len({found["results_sha256"] for found in rows}) == 1, "the engines gave different bytes"


def row(engine: str, count: int, data: FolderDataset, folder: Path, severities: tuple[int, ...]) -> dict[str, Any]:
    """One run with so many workers."""
    out = folder / f"{engine}_{count}"
    asked = request(shipped(), data, out, severities=severities, workers=count)
    start = time.perf_counter()
    joining = 0.0
    if engine == "ray":
        # Ray's workers are nice (15) by default: beside anything else that runs they would be measured waiting.
        os.environ.setdefault("RAY_worker_niceness", "0")
        import ray

        ray.init(num_cpus=count, include_dashboard=False, log_to_driver=False, logging_level="error")
        joining = time.perf_counter() - start
        try:
            seconds = timed(asked, ray_engine())
        finally:
            ray.shutdown()
    else:
        seconds = timed(asked, local)
    return {
        "engine": engine,
        "workers": count,
        "seconds": round(seconds, 2),
        "starting_ray_s": round(joining, 2),
        "results_sha256": hashlib.sha256((out / "results.parquet").read_bytes()).hexdigest(),
    }


def timed(asked: evaluation.Request, engine: Engine) -> float:
    """Seconds of a whole run."""
    start = time.perf_counter()
    evaluation.run(asked, engine=engine)
    return time.perf_counter() - start


def ray_engine() -> Engine:
    """The engine that joins the cluster this process is in."""
    from robustbench_endo.evaluation.engines.ray import RayEngine

    return RayEngine()


if __name__ == "__main__":
    main()
