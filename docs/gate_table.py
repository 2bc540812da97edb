"""The tables of the page on gates, from the result of ``benchmarks/bench_gate.py``.

``python docs/gate_table.py --write`` puts them between the comments of the page.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "gate.json"
PAGE = ROOT / "docs" / "gate.md"


def result() -> dict[str, Any]:
    """The measured numbers."""
    content: dict[str, Any] = json.loads(RESULT.read_text("utf-8"))
    return content


def false_alarms(rows: Sequence[Mapping[str, Any]]) -> str:
    """Share of studies that fail, by rule; one column per number of subjects and of frames."""
    columns = [f"{row['subjects']} subjects, {row['frames of patients']} frames" for row in rows]
    lines = [f"| a study fails where | {' | '.join(columns)} |", f"|---|{'---|' * len(rows)}"]
    for name in rows[0]["rules"]:
        label = f"**{name}**" if "the gate" in name else name
        lines.append(f"| {label} | {' | '.join(_percent(row['rules'][name]) for row in rows)} |")
    return "\n".join(lines)


def wrong_passes(rows: Sequence[Mapping[str, Any]]) -> str:
    """Share of studies that pass, by the criterion that is violated, and with one-sided intervals."""
    subjects = sorted({row["subjects"] for row in rows})
    by_key = {(row["criterion"], row["subjects"]): row for row in rows}
    heads = [f"{number} subjects" for number in subjects] + [f"one-sided, {number}" for number in subjects]
    lines = [f"| violated criterion | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for name in dict.fromkeys(row["criterion"] for row in rows):
        columns = [(key, number) for key in ("pass", "pass, one-sided intervals") for number in subjects]
        cells = [_percent(by_key[name, number][key]) for key, number in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def regressions(rows: Sequence[Mapping[str, Any]]) -> str:
    """Stated power and verdicts of each regression."""
    lines = [
        "| change of Dice in points | subjects | stated power | fail | undecided | pass |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        shares = [_percent(row[name]) for name in ("stated power", "fail", "undecided", "pass")]
        lines.append(f"| {100 * row['dice change']:.1f} | {row['subjects']} | {' | '.join(shares)} |")
    return "\n".join(lines)


def page(text: str, measured: Mapping[str, Any]) -> str:
    """The text of the page with the tables."""
    for name, table in (("false alarms", false_alarms), ("wrong passes", wrong_passes), ("regressions", regressions)):
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.S)
        text = pattern.sub(lambda match, table=table, name=name: f"{match[1]}{table(measured[name])}\n{match[2]}", text)
    return text


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if 0 < share < 0.1 else f"{100 * share:.0f}"


if __name__ == "__main__":
    written = page(PAGE.read_text("utf-8"), result())
    if "--write" in sys.argv:
        PAGE.write_text(written, "utf-8")
    else:
        sys.stdout.write(written)
