"""The table of docs/transforms.md: the drop-in compared with imagecorruptions, from the result of bench_drop_in."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "transforms.md"
RESULT = ROOT / "benchmarks" / "results" / "drop_in_cpu.json"
_PART = re.compile(r"(<!-- drop-in table: .*? -->\n).*(<!-- end of drop-in table -->)", re.S)


def speed_up(result: dict[str, Any]) -> str:
    """Geometric mean of the ratios, as the README has it.

    >>> speed_up({"geometric_mean": 8.25})
    '8.2 times'
    """
    return f"{result['geometric_mean']:.1f} times"


def table(result: dict[str, Any]) -> Iterator[str]:
    """The lines between the markers."""
    ratios = [row["ratio"] for row in result["corruptions"].values()]
    height, width = result["size"]
    severities = ", ".join(map(str, result["severities"]))
    yield f"In the geometric mean of {len(ratios)} corruptions it is **{speed_up(result)} as fast** as the package, and"
    yield f"from {min(ratios):.1f} to {max(ratios):.0f} times by corruption: CPU time at {height} x {width} px, one"
    yield f"thread, mean of severities {severities}, taking turns in one process."
    yield ""
    yield "| corruption | robustbench_endo, ms | imagecorruptions, ms | times as fast |"
    yield "|---|---:|---:|---:|"
    for name, row in result["corruptions"].items():
        cells = f"{row['ours']:.2f} | {row['imagecorruptions']:.2f} | {row['ratio']:.1f}"
        yield f"| {name.replace('_', ' ')} | {cells} |"
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    yield ""
    yield f"*{result['platform']}, Python {result['python']}, {versions}; {result['date']}.* "
    yield "`benchmarks/bench_drop_in.py`, `benchmarks/results/drop_in_cpu.json`."


def updated_page(page: str, result: dict[str, Any]) -> str:
    """The page with the table of a result."""
    lines = "\n".join(line.rstrip() for line in table(result))
    return _PART.sub(lambda match: f"{match[1]}{lines}\n{match[2]}", page)


if __name__ == "__main__":
    content = updated_page(PAGE.read_text("utf-8"), json.loads(RESULT.read_text("utf-8")))
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(content, "utf-8")
    else:
        sys.stdout.write(content)
