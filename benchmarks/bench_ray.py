"""The same evaluation by the local engine and by Ray with 1 and 2 workers: wall time and identical results.

    python benchmarks/bench_ray.py [--quick]

Ray's time is from the started cluster to the results on disk; it includes that worker processes import the package,
load models and compile. Needs the extra `ray`; without it nothing is measured.
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

from synthetic_inputs import evaluation_plan, on_disk, run, shipped
from timing import cores, machine, save_result

from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation.loop import evaluate_chunks
from robustbench_endo.evaluation.plan import Engine, EvaluationPlan

SIZE, WORKERS = (512, 640), (1, 2)


def main() -> None:
    """Measure, print and save."""
    if not find_spec("ray"):
        print("bench_ray: expected the extra ray, got it not installed: nothing was measured.")
        return
    quick = "--quick" in sys.argv
    frames, severities = (2, (3,)) if quick else (32, (1, 3, 5))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = on_disk(Path(folder) / "data", frames, SIZE)
        run(evaluation_plan(shipped(), data, Path(folder) / "warm", limit=1, severities=(3,)))
        for engine in ("local", "ray"):
            for count in WORKERS:
                rows.append(row(engine, count, data, Path(folder), severities))
                print(rows[-1], flush=True)
    about = {"cores": cores(), "size": list(SIZE), "frames": frames, "conditions": 1 + 19 * len(severities)}
    print(save_result("ray_cpu", {**machine("torch", "ray"), **about, "models": list(shipped()), "runs": rows}, quick))
    assert len({entry["results_sha256"] for entry in rows}) == 1, "the results of the engines differ"


def row(engine: str, count: int, data: FolderDataset, folder: Path, severities: tuple[int, ...]) -> dict[str, Any]:
    """One run with this number of workers."""
    out = folder / f"{engine}_{count}"
    plan = evaluation_plan(shipped(), data, out, severities=severities, workers=count)
    start = time.perf_counter()
    starting = 0.0
    if engine == "ray":
        # Ray's workers are nice (15) by default: they would wait for any other process.
        os.environ.setdefault("RAY_worker_niceness", "0")
        import ray

        ray.init(num_cpus=count, include_dashboard=False, log_to_driver=False, logging_level="error")
        starting = time.perf_counter() - start
        try:
            seconds = timed(plan, ray_engine())
        finally:
            ray.shutdown()
    else:
        seconds = timed(plan, evaluate_chunks)
    return {
        "engine": engine,
        "workers": count,
        "seconds": round(seconds, 2),
        "starting_ray_s": round(starting, 2),
        "results_sha256": hashlib.sha256((out / "results.parquet").read_bytes()).hexdigest(),
    }


def timed(plan: EvaluationPlan, engine: Engine) -> float:
    """Seconds of a run."""
    start = time.perf_counter()
    run(plan, engine=engine)
    return time.perf_counter() - start


def ray_engine() -> Engine:
    """The engine that uses the Ray cluster of this process."""
    from robustbench_endo.evaluation.engines.ray import RayEngine

    return RayEngine()


if __name__ == "__main__":
    main()
