"""The tables of the page on hardening, from the result of ``benchmarks/bench_hardening.py``.

``python docs/hardening_table.py --write`` puts them between the comments of the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "hardening.json"
PAGE = ROOT / "docs" / "hardening.md"
COLUMNS = ("clean", "noise", "blur", "occlusion", "digital", "all")
TABLES = ("gains", "held out")
_WITHOUT = "without "


def result() -> dict[str, Any]:
    """The measured numbers."""
    content: dict[str, Any] = json.loads(RESULT.read_text("utf-8"))
    return content


def gains(measured: Mapping[str, Any]) -> str:
    """The difference of each arm from plain in points of mIoU, with the category that was held out in bold."""
    first = next(iter(measured["arms"].values()))
    plain = [f"{first[name]['baseline']:.1f}" for name in COLUMNS]
    lines = [
        f"| mIoU in points | {' | '.join('all 19' if name == 'all' else name for name in COLUMNS)} | all 19, seeds |",
        f"|---|{'---|' * (len(COLUMNS) + 1)}",
        f"| plain, mIoU in percent | {' | '.join(plain)} | |",
    ]
    for arm, rows in measured["arms"].items():
        held_out = arm.removeprefix(_WITHOUT) if arm.startswith(_WITHOUT) else ""
        cells = [cell(rows[name], bold=name == held_out) for name in COLUMNS]
        seeds = ", ".join(f"{value:+.1f}" for value in rows["all"]["by_seed"])
        lines.append(f"| {label(arm)} | {' | '.join(cells)} | {seeds} |")
    return "\n".join(lines)


def held_out(measured: Mapping[str, Any]) -> str:
    """Each category for the models that were trained on the other three: gain, interval, gain of each seed."""
    lines = ["| held out | gain | 95 % interval | seeds | p | clean |", "|---|---|---|---|---|---|"]
    for arm, rows in measured["arms"].items():
        if arm.startswith(_WITHOUT):
            name = arm.removeprefix(_WITHOUT)
            row = rows[name]
            seeds = ", ".join(f"{value:+.1f}" for value in row["by_seed"])
            interval = f"{row['low']:+.1f} to {row['high']:+.1f}"
            clean = f"{rows['clean']['difference']:+.1f}"
            lines.append(f"| {name} | {row['difference']:+.1f} | {interval} | {seeds} | {row['p']:.3f} | {clean} |")
    return "\n".join(lines)


def cell(row: Mapping[str, float], *, bold: bool) -> str:
    """A difference with its interval."""
    mark = "**" if bold else ""
    return f"{mark}{row['difference']:+.1f}{mark} ({row['low']:+.1f}, {row['high']:+.1f})"


def label(arm: str) -> str:
    """An arm as the table calls it."""
    if arm.startswith(_WITHOUT):
        return f"`corruptions`, {arm.removeprefix(_WITHOUT)} held out"
    if "(" in arm:
        return f"plain with `--adapt {arm.partition('(')[2].rstrip(')')}`"
    return f"`{arm}`"


def page_with_tables(text: str) -> str:
    """The page with the current tables between the comments."""
    for name, table in zip(TABLES, (gains(result()), held_out(result())), strict=True):
        begin, end = f"<!-- {name}: python docs/hardening_table.py --write -->", f"<!-- end of {name} -->"
        head, rest = text.split(begin)
        text = f"{head}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return text


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(f"{gains(result())}\n\n{held_out(result())}\n")
