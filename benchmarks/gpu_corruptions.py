"""The estimate of corruptions: each of endo19 by severity, for a batch on the emulated GPU."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import torch
from emulated_gpu import emulated_gpu, record, to_gpu
from gpu_machine import Run, for_batch
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data.synthetic import SyntheticScenes

BATCH, SMALL = 32, (1, 3)
"""Frames of the estimate, and numbers of the two runs from which it is extrapolated."""
MEAN_FRAMES, LEAST_FRAMES = 5000, 2000
"""Frames per second: at least in the harmonic mean of all, and for each at each severity."""


def scenes(size: tuple[int, int]) -> Tensor:
    """Synthetic scenes on the CPU, (3, 3, H, W) in [0, 1]."""
    data = SyntheticScenes(split="test", frames=SMALL[1], size=size)
    return torch.stack([data[i].image for i in range(SMALL[1])]).float() / 255


def corruptions(
    only: Sequence[str] = (), severities: Sequence[float] = (1, 2, 3, 4, 5), size: int = 512
) -> dict[str, Any]:
    """Name -> severity -> row of the result, and a summary; the tables of a corruption are on the GPU already."""
    suite, images = load_suite("endo19"), scenes((size, size))
    rows: dict[str, dict[str, dict[str, float]]] = {}
    variants: set[str] = set()
    with emulated_gpu():
        batches = [to_gpu(images[:count].clone()) for count in SMALL]
        for name in [name for name in suite.names if not only or name in only]:
            rows[name] = {}
            for severity in severities:

                def call(batch: Tensor, name: str = name, severity: float = severity) -> Any:
                    ids = [str(i) for i in range(len(batch))]
                    return suite.corrupt(batch, name, severity, ids, areas=(None,) * len(batch))

                run = extrapolated(call, batches)
                variants |= {item.variant for item in run.operations if item.variant}
                rows[name][f"{severity:g}"] = {**run.row(), "frames_per_s": round(1e3 * BATCH / run.ms)}
    return {**summary(rows), "triton_variants": len(variants), "rows": rows}


def extrapolated(call: Any, batches: Sequence[Tensor]) -> Run:
    """The run for ``BATCH`` frames; what is computed once, such as tables, is not part of it."""
    runs = []
    for batch in batches:
        record(lambda batch=batch: call(batch))
        runs.append(record(lambda batch=batch: call(batch)))
    return for_batch(*runs, SMALL, BATCH)


def summary(rows: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """What has a target, over all corruptions and severities."""
    mean = {name: statistics.mean(row["ms"] for row in part.values()) for name, part in rows.items()}
    least = min(
        (row["frames_per_s"], f"{name} {severity}") for name, part in rows.items() for severity, row in part.items()
    )
    return {
        "frames_per_s": round(1e3 * BATCH / statistics.mean(mean.values())),
        "least_frames_per_s": least[0],
        "least": least[1],
        "ms": round(statistics.mean(mean.values()), 3),
    }
