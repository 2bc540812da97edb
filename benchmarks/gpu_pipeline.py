"""The estimate of whole evaluations: their stages over the forward passes alone, and the paper's Table VII."""

from __future__ import annotations

import math
from typing import Any

from gpu_corruptions import BATCH
from gpu_machine import COMPILE, Run
from gpu_metrics import STAGES, Evaluation
from gpu_models import SIDE, forward
from synthetic_inputs import FULL_FRAMES, TABLE7

MAX_SINGLE, MAX_SHARED, MAX_MINUTES = 1.35, 1.2, 5.0
"""Total over forward passes of one and of three networks, and minutes of Table VII."""
CONDITIONS, MOVING = 96, 10
"""Conditions of Table VII, and those of them that move the masks, so that overlap is counted twice."""
MOVES = ("elastic_transform", "zoom_blur")
DECODE, CORES = 0.04, 16
"""Seconds to decode a frame of 1306 x 1009 on one core, and cores."""
START = 15.0
"""Seconds before the first and after the last condition: CUDA, cuDNN's choice of kernels, results, worst images."""


def evaluation(models: int, severity: float = 3) -> dict[str, Any]:
    """An evaluation of 32 frames by one or three networks of Table VII: a mean condition, by stage."""
    run = Evaluation(models)
    specs = TABLE7[-1:] if models == 1 else TABLE7
    networks = [forward(spec, BATCH, (SIDE, SIDE))[0] for spec in specs]
    still, moved = run.stages("contrast", severity), run.stages("elastic_transform", severity)
    corrupt = [run.corrupt(name, severity) for name in run.names]
    share = MOVING / CONDITIONS
    rows: dict[str, Any] = {"corrupt": _mean([(1 / CONDITIONS * 5, item) for item in corrupt])}
    for stage in STAGES[1:]:
        rows[stage] = _mean([(1 - share, still[stage]), (share, moved[stage])])
    only_forward = sum(item.ms for item in networks)
    for item in networks:
        rows["forward"] = {name: value + _row(item)[name] for name, value in rows["forward"].items()}
    serial = sum(row["ms"] for row in rows.values())
    # A stage takes one condition at a time; scoring waits for the GPU, the other stages only launch. The streams share
    # one GPU, and the threads one lock of Python, which numpy and copies release.
    limits = {
        "gpu": sum(row["busy_ms"] for row in rows.values()),
        "python": sum(row["python_ms"] for row in rows.values()),
        **{stage: rows[stage]["ms" if stage == "metrics" else "host_ms"] for stage in STAGES},
    }
    slowest = max(limits, key=lambda name: limits[name])
    return {
        "models": list(specs),
        "only_forward_ms": round(only_forward, 2),
        "serial_ms": round(serial, 2),
        "overlapped_ms": round(limits[slowest], 2),
        "limited_by": slowest,
        "serial_ratio": round(serial / only_forward, 3),
        "overlapped_ratio": round(limits[slowest] / only_forward, 3),
        "triton_variants": len(run.variants),
        "stages": {stage: {name: round(value, 3) for name, value in row.items()} for stage, row in rows.items()},
    }


def _row(run: Run) -> dict[str, float]:
    row = {**run.row(), "busy_ms": run.busy_ms, "numpy_ms": 1e3 * run.numpy_s}
    copies = 1e3 * sum(item.host_s for item in run.operations if item.kind in ("sync", "upload"))
    return {**row, "python_ms": row["host_ms"] - row["numpy_ms"] - copies}


def _mean(runs: list[tuple[float, Run]]) -> dict[str, float]:
    rows = [(share, _row(run)) for share, run in runs]
    return {name: sum(share * row[name] for share, row in rows) for name in rows[0][1]}


def table7(shared: dict[str, Any]) -> dict[str, Any]:
    """Minutes of the paper's table at full size, from a condition of its three networks and what happens once."""
    batches = math.ceil(FULL_FRAMES / BATCH)
    once = {
        "start_and_results_s": START,
        "kernel_compilation_s": shared["triton_variants"] * COMPILE,
        "decode_s": round(BATCH * DECODE / CORES, 2),  # later batches are decoded while others are computed
    }
    both = {
        name: round((batches * CONDITIONS * shared[f"{name}_ms"] / 1e3 + sum(once.values())) / 60, 2)
        for name in ("serial", "overlapped")
    }
    return {**once, "minutes_serial": both["serial"], "minutes": both["overlapped"]}
