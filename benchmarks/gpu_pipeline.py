"""The estimate of whole evaluations: their stages over the forward passes alone, and the paper's Table VII."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gpu_corruptions import BATCH
from gpu_machine import COMPILE, Run
from gpu_metrics import STAGES, Evaluation
from gpu_models import SIDE, forward
from synthetic_inputs import FULL_FRAMES, TABLE7

from robustbench_endo.evaluation.workers import CONDITIONS_IN_FLIGHT

MAX_SINGLE, MAX_SHARED, MAX_MINUTES = 1.35, 1.2, 5.0
"""Total over forward passes of one and of three networks, and minutes of Table VII."""
CONDITIONS, MOVING = 96, 10
"""Conditions of Table VII, and those of elastic transform and zoom blur, which move the masks."""
DECODE, CORES = 0.04, 16
"""Seconds to decode a frame of 1306 x 1009 on one core, and cores."""
START = 15.0
"""Seconds before the first and after the last condition: CUDA, cuDNN's choice of kernels, results, worst images."""


def evaluations(severity: float = 3) -> dict[str, Any]:
    """One network, three networks, and Table VII."""
    single, shared = Evaluation(1), Evaluation(len(TABLE7))
    corrupt = _mean([(5 / CONDITIONS, shared.corrupt(name, severity)) for name in shared.names])
    result = {
        name: _evaluation(run, specs, corrupt, severity)
        for name, run, specs in (("single", single, TABLE7[-1:]), ("shared", shared, TABLE7))
    }
    return {**result, "table7": table7(result["shared"], len(shared.variants))}


def _evaluation(run: Evaluation, specs: Sequence[str], corrupt: dict[str, float], severity: float) -> dict[str, Any]:
    """An evaluation of 32 frames: a mean condition, by stage."""
    networks = [_row(forward(spec, BATCH, (SIDE, SIDE))[0]) for spec in specs]
    still, moved = run.stages("contrast", severity), run.stages("elastic_transform", severity)
    share = MOVING / CONDITIONS
    rows = {
        stage: _mean([(1 - share, still.get(stage, Run())), (share, moved.get(stage, Run()))]) for stage in STAGES[1:]
    }
    rows["forward"] = {name: value + sum(row[name] for row in networks) for name, value in rows["forward"].items()}
    rows = {"corrupt": corrupt, **rows}
    only_forward = sum(row["ms"] for row in networks)
    serial = sum(row["ms"] for row in rows.values())
    # The streams share one GPU, and the threads one lock of Python, which hashing and copies release. A stage takes one
    # condition at a time and ends when all is launched, unless it synchronises; other work is done by all threads.
    turns = {stage: rows[stage]["ms" if rows[stage]["syncs"] else "host_ms"] for stage in STAGES[:3]}
    limits = {
        "gpu": sum(row["busy_ms"] for row in rows.values()),
        "python": sum(row["python_ms"] for row in rows.values()),
        "threads": sum(row["host_ms"] for row in rows.values()) / CONDITIONS_IN_FLIGHT,
        **turns,
    }
    slowest = max(limits, key=lambda name: limits[name])
    return {
        "only_forward_ms": round(only_forward, 2),
        "serial_ms": round(serial, 2),
        "overlapped_ms": round(limits[slowest], 2),
        "limited_by": slowest,
        "serial_ratio": round(serial / only_forward, 3),
        "overlapped_ratio": round(limits[slowest] / only_forward, 3),
        "stages": {stage: {name: round(value, 3) for name, value in row.items()} for stage, row in rows.items()},
    }


def _row(run: Run) -> dict[str, float]:
    python = 1e3 * sum(item.python_s for item in run.operations)
    hashing = 1e3 * sum(item.host_s for item in run.operations if item.kind == "host")
    return {**run.row(), "busy_ms": run.busy_ms, "python_ms": python, "hashing_ms": hashing}


def _mean(runs: list[tuple[float, Run]]) -> dict[str, float]:
    rows = [(share, _row(run)) for share, run in runs]
    return {name: sum(share * row[name] for share, row in rows) for name in rows[0][1]}


def table7(shared: dict[str, Any], variants: int) -> dict[str, Any]:
    """Minutes of the paper's table at full size, from a condition of its three networks and what happens once."""
    batches = math.ceil(FULL_FRAMES / BATCH)
    once = {
        "start_and_results_s": START,
        "kernel_compilation_s": variants * COMPILE,
        "decode_s": round(BATCH * DECODE / CORES, 2),  # later batches are decoded while others are computed
    }
    both = {
        name: round((batches * CONDITIONS * shared[f"{name}_ms"] / 1e3 + sum(once.values())) / 60, 2)
        for name in ("serial", "overlapped")
    }
    return {**once, "minutes_serial": both["serial"], "minutes": both["overlapped"]}
