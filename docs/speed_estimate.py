"""The section of docs/speed.md on the estimate of benchmarks/gpu_estimate.py."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from speed_parts import table

Result = dict[str, Any]
Lines = Iterator[str]


def estimate(result: Result) -> Lines:
    """gpu_estimate: targets, corruptions, metrics and stages, before the kernels were rewritten and now."""
    before = result["before"]
    yield "**Estimated, not measured: no GPU was at hand.** Launches, bytes, FLOP, copies and synchronisations of the"
    yield "GPU path were counted on a CPU, with emulated tensors, and multiplied by the constants of an H100"
    yield "(`benchmarks/gpu_machine.py`). The times are right to a factor of 1.5 to 2; the column *before* is commit"
    yield f"`{before['commit'][:7]}`.\n"
    rows = [
        (
            name,
            target["target"],
            _number(before["targets"][name]["estimate"]),
            f"**{_number(target['estimate'])}**",
            "met" if target["met"] else "**missed**",
        )
        for name, target in result["targets"].items()
    ]
    yield from table(("on an H100, estimated", "target", "before", "now", ""), rows)
    hashing = result["evaluation"]["single"]["stages"]["metrics"]["hashing_ms"]
    yield "\n*Serial*: one stage of a condition after the other, with the checksums of the images on one core of the"
    yield f"host ({hashing:.0f} ms); in a run four threads compute them while the GPU has other conditions."
    yield "*Overlapped*: the streams overlap perfectly, as far as the GPU, the lock of Python, and the turn of each"
    yield "stage allow. Corruptions: 32 frames of 512 x 512 px, mean of five severities; metrics and stages: 32 frames"
    yield "of 512 x 663 px with 7 classes. A wait is an upload from pageable memory or a synchronisation.\n"
    yield from table(
        ("ms for 32 frames, estimated", "launches before", "now", "waits before", "now", "ms before", "now"),
        [
            *_compared(before["corruptions"]["rows"], result["corruptions"]["rows"]),
            *_compared(*({name: {"": row} for name, row in part["metrics"].items()} for part in (before, result))),
            *_compared(*(_stages(part["evaluation"]) for part in (before, result))),
        ],
    )


def _stages(evaluation: Result) -> Result:
    """The stages of a condition by their names in the table."""
    names = {"single": "EndoARSS", "shared": "three models"}
    return {
        f"{label}: {'checksums' if stage == 'metrics' else stage}": {"": row}
        for part, label in names.items()
        for stage, row in evaluation[part]["stages"].items()
        if row["ms"] > 0
    }


def _compared(before: Result, now: Result) -> Iterator[tuple[object, ...]]:
    """One row for each name: means over the severities."""
    for name in now:
        cells = [
            _mean(part.get(name, {}), *keys)
            for keys in (("launches",), ("uploads", "syncs"), ("ms",))
            for part in (before, now)
        ]
        yield name.replace("_", " "), *cells


def _mean(rows: Result, *keys: str) -> str:
    values = [sum(row[key] for key in keys) for row in rows.values()]
    return _number(statistics.mean(values)) if values else "–"


def _number(value: float) -> str:
    """Two significant digits, and no decimals from 10."""
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}" if value < 1 else f"{value:.2f}"
