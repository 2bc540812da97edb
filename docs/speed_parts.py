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
    severities = ", ".join(map(str, result["severities"]))
    yield f"CPU time of one thread in ms, mean of severities {severities}, taking turns in one process. *8-bit* is the"
    yield "public call with a uint8 array in and out, *float* with a tensor; lengths are pixels of the image, as in the"
    yield "other packages, and those of the suite endo19, which grow with the image, in the column *endo19*."
    for size, part in result["sizes"].items():
        means = part["geometric_mean"]
        yield f"\n**{size} px**: geometric mean over the corruptions in both, compared with imagecorruptions:"
        yield f"**{means['scaled']:.1f} times** as fast with endo19, {means['ours']:.1f} times at lengths in pixels,"
        yield f"{means['float']:.1f} times with tensors (target: {result['target']:.0f})."
        slower = ", ".join(f"{name.replace('_', ' ')} ({peer})" for name, peer in part["slower"].items())
        yield f"A package is faster at: {slower or 'none'}.\n"
        columns = {"ours": "8-bit", "scaled": "endo19", "float": "float"}
        columns |= {side: side for row in part["corruptions"].values() for side in row if side not in columns}
        rows = [
            (name.replace("_", " "), *(f"{row[side]:.2f}" if side in row else "–" for side in columns))
            for name, row in part["corruptions"].items()
        ]
        yield from table(("corruption", *columns.values()), rows)


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
