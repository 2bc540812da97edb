"""Intervals of 402 frames x 96 conditions x 3 models: seconds and size; coverage of intervals, size of tests."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from interval_coverage import HIGHEST, LARGEST_SIZE, LOWEST, coverage, independent_cases, missed, size_and_power
from numpy.typing import NDArray
from scipy import stats
from timing import machine, save_result

from robustbench_endo.io_utils import write_json
from robustbench_endo.results import Resampling, Results, compare, load_results
from robustbench_endo.results.io import write_table
from robustbench_endo.tasks.segmentation.metrics import SURROUND, bin_columns, count_columns

FRAMES, PATIENTS, CLASSES, ACTIVITIES = 402, 20, 7, 3
MODELS = 3
CATEGORIES = {"noise": 4, "blur": 5, "occlusion": 4, "digital": 6}
CORRUPTIONS = [
    {"name": f"{category} {index}", "category": category}
    for category, count in CATEGORIES.items()
    for index in range(count)
]


def synthetic_run(n_models: int = MODELS) -> Results:
    """Synthetic records of the paper's size, whose scores fall with severity, each model's at its own rate."""
    models = [{"name": f"model {index}"} for index in range(n_models)]
    random = np.random.default_rng(0)
    conditions = [("clean", 0), *((entry["name"], severity) for entry in CORRUPTIONS for severity in range(1, 6))]
    keys = [(model["name"], *condition, i) for model in models for condition in conditions for i in range(FRAMES)]
    frame = pd.DataFrame(keys, columns=["model", "corruption", "severity", "number"])
    number, rows = frame.pop("number").to_numpy(), len(frame)
    frame["replicate"] = 0
    frame["image_id"] = [f"test/{i % ACTIVITIES}/image/OP{i % PATIENTS:02d}_img_{i:04d}.png" for i in number]
    frame["subject_id"] = [f"OP{i % PATIENTS:02d}_img" for i in number]
    quality = np.clip(0.9 - 0.1 * frame["severity"].to_numpy() + random.normal(0, 0.05, rows), 0.02, 0.98)
    info = {
        "models": models,
        "corruptions": CORRUPTIONS,
        "severities": [1, 2, 3, 4, 5],
        "suite": {"name": "endo19"},
        "data": {"name": "synthetic records"},
        "tasks": {
            "activity": [f"activity {index}" for index in range(ACTIVITIES)],
            "segmentation": [f"class {index}" for index in range(CLASSES)],
        },
    }
    schema = Results(frame, info).schema
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    columns: dict[str, NDArray[Any]] = {name: np.clip(quality + random.normal(0, 0.03, rows), 0, 1) for name in floats}
    columns |= {name: 100 * (1 - quality) + random.uniform(0, 3, rows) for name in ("hd", "hd95", "assd")}
    columns |= {name: random.integers(0, 4, rows) for name in ("n_missed_classes", "n_scored_classes")}
    columns["content_share"] = np.ones(rows, np.float32)  # frames without a surround
    columns |= {name: np.zeros(rows, np.int32) for name in count_columns(CLASSES, SURROUND)}
    columns["activity_target"] = number % ACTIVITIES
    wrong = random.random(rows) >= quality
    columns["activity_prediction"] = (columns["activity_target"] + wrong) % ACTIVITIES
    area = random.dirichlet(np.ones(CLASSES), rows) * 512 * 640
    counts = np.concatenate([area * share[:, None] for share in (quality, 1 - quality, 1 - quality)], axis=1)
    columns |= dict(zip(count_columns(CLASSES), counts.T.astype(np.int32), strict=True))
    sampled = random.integers(0, 60, (rows, 15))
    for kind, share in (("count", 1.0), ("correct", 0.8), ("confidence", 0.85)):
        columns |= dict(zip(bin_columns(kind), (share * sampled).T, strict=True))
    columns |= {f"visible_{name}": columns[name] - columns[name] // 5 for name in count_columns(CLASSES)}
    columns |= {f"hidden_{name}": columns[name] // 5 for name in count_columns(CLASSES)}
    columns |= {name: np.zeros(rows, np.int64) for name in schema.names if name not in {*columns, *frame}}
    table = pa.Table.from_pandas(pd.concat((frame, pd.DataFrame(columns)), axis=1), schema, safe=False)
    return Results(table.to_pandas(), info)


def seconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def store(results: Results) -> dict[str, float]:
    """Megabytes on disk, seconds to write and to load."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_json(folder / "run.json", results.info)
        table = pa.Table.from_pandas(results.frame, results.schema, preserve_index=False)
        written = seconds(lambda: write_table(folder / "results.parquet", table))
        loaded = seconds(lambda: load_results(folder))
        size = (folder / "results.parquet").stat().st_size / 1e6
    return {"rows": len(results.frame), "megabytes": size, "write_s": written, "load_s": loaded}


def speed(results: Results) -> dict[str, float]:
    """Seconds for the intervals of everything, by patient and by frame; scipy's for one mean of one condition."""
    calls: dict[str, Callable[[], Any]] = {}
    for unit in ("subject", "frame"):
        settings = Resampling(unit=unit)  # type: ignore[arg-type]
        calls |= {
            f"all_scores_by_{unit}_s": lambda settings=settings: results.scores(settings),  # type: ignore[misc]
            f"table_by_{unit}_s": lambda settings=settings: results.table(intervals=settings),  # type: ignore[misc]
            f"compare_by_{unit}_s": lambda settings=settings: compare(results, resampling=settings),  # type: ignore[misc]
        }
    dice = results.frame["dice_mean"].to_numpy()[:FRAMES]
    calls["scipy_one_mean_of_one_condition_s"] = lambda: stats.bootstrap(
        (dice,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(0)
    )
    return {name: seconds(call) for name, call in calls.items()}


def main() -> None:
    """Measure, print and save; fails where an interval or a test is outside its target."""
    start = time.perf_counter()
    results = synthetic_run()
    content: dict[str, Any] = {"cores": os.cpu_count(), "frames": FRAMES, "conditions": 96, "models": MODELS}
    content |= {"quantities": len(results.metrics), "store": store(results), "speed": speed(results)}
    for part in ("store", "speed"):
        for name, value in content[part].items():
            print(f"{part} {name}: {round(value, 3)}")
    print(save_result("statistics_cpu", {**machine("numpy", "scipy", "pandas", "pyarrow"), **content}))
    intervals, size = list(coverage()), list(size_and_power())
    outside = missed(intervals, size)
    content = {
        "targets": {"coverage": [LOWEST, HIGHEST], "size": LARGEST_SIZE},
        "missed": outside,
        "coverage": intervals,
        "tests": size,
        "independent cases": list(independent_cases()),
    }
    print(save_result("interval_coverage", {**machine("numpy", "scipy"), **content}))
    print(f"{time.perf_counter() - start:.0f} s in all")
    for row in outside:
        print(f"Outside the target: {row}")
    sys.exit(bool(outside))


if __name__ == "__main__":
    main()
