"""Intervals of a run of 402 frames x 96 conditions x 3 models, its size on disk, and how often intervals are right."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from timing import keep, machine

from robustbench_endo.results import Bootstrap, Results, compare, load_results
from robustbench_endo.results.bootstrap import interval
from robustbench_endo.results.dataset_scores import ratio
from robustbench_endo.results.io import as_table, write_json, write_table
from robustbench_endo.results.schema import COUNTED, MEASURED, bin_columns, count_columns

FRAMES, PATIENTS, CLASSES, ACTIVITIES = 402, 20, 7, 3
MODELS = [{"name": f"model {index}"} for index in range(3)]
GROUPS = {"noise": 4, "blur": 5, "occlusion": 4, "digital": 6}
CORRUPTIONS = [
    {"name": f"{subject} {index}", "subject_id": subject} for subject, count in GROUPS.items() for index in range(count)
]


def paper_sized() -> Results:
    """Invented records that fall with severity."""
    random = np.random.default_rng(0)
    conditions = [("clean", 0), *((entry["name"], severity) for entry in CORRUPTIONS for severity in range(1, 6))]
    keys = [(model["name"], *condition, i) for model in MODELS for condition in conditions for i in range(FRAMES)]
    frame = pd.DataFrame(keys, columns=["model", "corruption", "severity", "image_id"])
    number, rows = frame["image_id"].to_numpy(), len(frame)
    frame["image_id"] = [f"test/{i % ACTIVITIES}/image/OP{i % PATIENTS:02d}_img_{i:04d}.png" for i in number]
    frame["subject_id"] = [f"OP{i % PATIENTS:02d}_img" for i in number]
    kept = np.clip(0.9 - 0.1 * frame["severity"].to_numpy() + random.normal(0, 0.05, rows), 0.02, 0.98)
    columns: dict[str, NDArray[Any]] = {name: np.clip(kept + random.normal(0, 0.03, rows), 0, 1) for name in MEASURED}
    columns |= {name: 100 * (1 - kept) + random.uniform(0, 3, rows) for name in ("hd", "hd95", "assd")}
    columns |= {name: random.integers(0, 4, rows) for name in COUNTED}
    columns["activity_target"] = number % ACTIVITIES
    said = np.where(random.random(rows) < kept, 0, 1) + columns["activity_target"]
    columns["activity_prediction"] = said % ACTIVITIES
    area = random.dirichlet(np.ones(CLASSES), rows) * 512 * 640
    shares = np.concatenate([area * share[:, None] for share in (kept, 1 - kept, 1 - kept)], axis=1)
    columns |= dict(zip(count_columns(CLASSES), shares.T, strict=True))
    sampled = random.integers(0, 60, (rows, 15))
    for kind, share in (("count", 1.0), ("right", 0.8), ("confidence", 0.85)):
        columns |= dict(zip(bin_columns(kind), (share * sampled).T, strict=True))
    info = {
        "models": MODELS,
        "corruptions": CORRUPTIONS,
        "severities": [1, 2, 3, 4, 5],
        "data": {"classes": list(range(CLASSES)), "activities": list(range(ACTIVITIES))},
    }
    return Results(pd.concat((frame, pd.DataFrame(columns)), axis=1), info)


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
        table = as_table(results.frame)
        written = seconds(lambda: write_table(folder / "results.parquet", table))
        loaded = seconds(lambda: load_results(folder))
        size = (folder / "results.parquet").stat().st_size / 1e6
    return {"rows": len(results.frame), "megabytes": size, "write_s": written, "load_s": loaded}


def speed(results: Results) -> dict[str, float]:
    """Seconds for 10,000 resamples of everything, by patient and by frame; scipy's for one mean of one condition."""
    calls: dict[str, Callable[[], Any]] = {}
    for unit in ("subject_id", "frame"):
        settings = Bootstrap(unit=unit)  # type: ignore[arg-type]
        calls |= {
            f"all_scores_by_{unit}_s": lambda settings=settings: results.scores(settings),  # type: ignore[misc]
            f"table_by_{unit}_s": lambda settings=settings: results.table(intervals=settings),  # type: ignore[misc]
            f"compare_by_{unit}_s": lambda settings=settings: compare(results, bootstrap=settings),  # type: ignore[misc]
        }
    dice = results.frame["dice"].to_numpy()[:FRAMES]
    calls["scipy_one_mean_of_one_condition_s"] = lambda: stats.bootstrap(
        (dice,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(0)
    )
    return {name: seconds(call) for name, call in calls.items()}


def coverage(subjects: int, simulations: int = 1000) -> dict[str, float]:
    """How often the 95 % interval and the plain percentile interval hold the true mean of clustered frames."""
    truth = ratio(_clustered(np.random.default_rng(99), 400_000).sum(1))
    random, ours, plain = np.random.default_rng(11), 0, 0
    for _ in range(simulations):
        data = _clustered(random, subjects)
        weights = random.multinomial(subjects, np.full(subjects, 1 / subjects), size=1000).astype(float)
        draws = ratio(data @ weights.T)
        low, high = interval(ratio(data.sum(1)), draws, subjects, 0.95)
        ends = np.quantile(draws, (0.025, 0.975))
        ours, plain = ours + bool(low <= truth <= high), plain + bool(ends[0] <= truth <= ends[1])
    return {"ours": ours / simulations, "percentile": plain / simulations}


def _clustered(random: np.random.Generator, subjects: int) -> NDArray[np.float64]:
    sizes = random.integers(10, 31, subjects)
    place = np.repeat(np.arange(subjects), sizes)
    level = 1.5 + random.normal(0, 0.8, subjects)[place] + random.normal(0, 0.8, len(place))
    return np.stack([np.bincount(place, 1 / (1 + np.exp(-level)), subjects), sizes]).astype(np.float64)


def main() -> None:
    """Print the numbers and keep them."""
    start = time.perf_counter()
    results = paper_sized()
    found: dict[str, Any] = {"cores": os.cpu_count(), "frames": FRAMES, "conditions": 96, "models": len(MODELS)}
    found |= {"quantities": len(results.sampler().names), "store": store(results), "speed": speed(results)}
    found["coverage_of_95"] = {str(subjects): coverage(subjects) for subjects in (8, 10, 12, 20, 40)}
    for part in ("store", "speed", "coverage_of_95"):
        for name, value in found[part].items():
            print(f"{part} {name}: {value if isinstance(value, dict) else round(value, 3)}")
    print(keep("statistics_cpu", {**machine("numpy", "scipy", "pandas", "pyarrow"), **found}))
    print(f"{time.perf_counter() - start:.0f} s in all")


if __name__ == "__main__":
    main()
