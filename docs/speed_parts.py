"""Sections of docs/speed.md: corruptions and metrics compared with other packages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Result = dict[str, Any]
Lines = Iterator[str]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Lines:
    """A Markdown table; all columns but the first are numbers."""
    yield f"| {' | '.join(head)} |"
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def corruptions(result: Result) -> Lines:
    """bench_corruptions."""
    size = result["size"]
    yield f"One frame of {size} x {size} px, severity {result['severity']}, one thread, interleaved;"
    yield f"geometric mean over the corruptions in both: **{result['geometric_mean']:.1f} times** as fast.\n"
    rows = []
    for name, row in result["corruptions"].items():
        reference_ms = row["reference_ms"]
        reference = (
            ("–", "–") if reference_ms is None else (f"{reference_ms:.1f}", f"{reference_ms / row['ours_ms']:.1f}")
        )
        rows.append((name.replace("_", " "), f"{row['ours_ms']:.1f}", *reference))
    yield from table(("corruption", "robustbench_endo, ms", "imagecorruptions, ms", "times as fast"), rows)


def surfaces(result: Result) -> Lines:
    """bench_surface."""
    yield f"HD, HD95, ASSD and NSD of {result['classes']} classes on maps of {_size(result)} px, one thread. A *scene*"
    yield "is a synthetic frame with a plausible prediction; *regions* are two unrelated maps of random regions.\n"
    yield from _peers({name: result[name] for name in ("scene", "regions")})


def masks(result: Result) -> Lines:
    """bench_metrics."""
    yield f"The same maps of {_size(result)} px with {result['classes']} classes, one thread.\n"
    rows = {
        f"{what.replace('_', ' ')}, {name}": times
        for name in ("scene", "regions")
        for what, times in result[name].items()
    }
    yield from _peers(rows)


def _peers(rows: dict[str, dict[str, float]]) -> Lines:
    peers = list(dict.fromkeys(peer for row in rows.values() for peer in row if peer != "ours"))
    cells = [(name, f"{row['ours']:.1f}", *(_with_ratio(row, peer) for peer in peers)) for name, row in rows.items()]
    yield from table(("", "robustbench_endo, ms", *(f"{peer}, ms" for peer in peers)), cells)


def _with_ratio(row: dict[str, float], peer: str) -> str:
    return f"{row[peer]:.1f} ({row[peer] / row['ours']:.1f}x)" if peer in row else "–"


def _size(result: Result) -> str:
    return " x ".join(map(str, result["size"]))
