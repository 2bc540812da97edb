"""What docs/speed.md shows of the parts: corruptions and metrics, beside other people's packages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Found = dict[str, Any]
Lines = Iterator[str]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Lines:
    """A Markdown table; all columns but the first are numbers."""
    yield f"| {' | '.join(head)} |"
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def corruptions(found: Found) -> Lines:
    """bench_corruptions."""
    yield f"One frame of {found['size']} x {found['size']} px, severity {found['severity']}, one thread, in turn;"
    yield f"geometric mean over the corruptions that both have: **{found['geometric_mean']:.1f} times** as fast.\n"
    rows = []
    for name, row in found["corruptions"].items():
        theirs = row["reference_ms"]
        beside = ("–", "–") if theirs is None else (f"{theirs:.1f}", f"{theirs / row['ours_ms']:.1f}")
        rows.append((name.replace("_", " "), f"{row['ours_ms']:.1f}", *beside))
    yield from table(("corruption", "ours, ms", "imagecorruptions, ms", "times as fast"), rows)


def surfaces(found: Found) -> Lines:
    """bench_surface."""
    yield f"HD, HD95, ASSD and NSD of {found['classes']} classes on maps of {_size(found)} px, one thread. A *scene*"
    yield "is a drawn frame with a plausible prediction; *regions* are two unrelated maps of random regions.\n"
    yield from _peers({name: found[name] for name in ("scene", "regions")})


def masks(found: Found) -> Lines:
    """bench_metrics."""
    yield f"The same maps of {_size(found)} px with {found['classes']} classes, one thread.\n"
    rows = {
        f"{what.replace('_', ' ')}, {name}": times
        for name in ("scene", "regions")
        for what, times in found[name].items()
    }
    yield from _peers(rows)


def _peers(rows: dict[str, dict[str, float]]) -> Lines:
    peers = list(dict.fromkeys(peer for row in rows.values() for peer in row if peer != "ours"))
    cells = [(name, f"{row['ours']:.1f}", *(_beside(row, peer) for peer in peers)) for name, row in rows.items()]
    yield from table(("", "ours, ms", *(f"{peer}, ms" for peer in peers)), cells)


def _beside(row: dict[str, float], peer: str) -> str:
    return f"{row[peer]:.1f} ({row[peer] / row['ours']:.1f}x)" if peer in row else "–"


def _size(found: Found) -> str:
    return " x ".join(map(str, found["size"]))
