"""Coverage of intervals and size of tests as measured by ``benchmarks/bench_statistics.py``, as Markdown tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent.parent / "benchmarks" / "results" / "interval_coverage.json"
METRICS = {"miou": "mIoU", "dice": "Dice", "accuracy": "accuracy", "hd95": "HD95"}
ESTIMANDS = {"pooled": "all frames pooled", "subject": "mean over subjects"}
SUBJECTS = (2, 3, 5, 8, 12, 20, 40)

Row = Mapping[str, Any]


def tables() -> str:
    """The three tables: coverage, size and power, coverage for independent cases."""
    result = json.loads(RESULT.read_text("utf-8"))
    parts = coverage_table(result["coverage"]), tests_table(result["tests"]), cases_table(result["independent cases"])
    return "\n\n".join(parts)


def coverage_table(rows: Sequence[Row]) -> str:
    """Smallest and largest coverage in percent over designs, for each metric, estimand and number of subjects."""
    lines = [_line("95 % interval of", *(str(number) for number in SUBJECTS)), _rule(len(SUBJECTS))]
    for metric, label in METRICS.items():
        for estimand, name in ESTIMANDS.items():
            selected = [row for row in rows if row["metric"] == metric and row["estimand"] == estimand]
            cells = [_range(selected, number, lambda row: row["coverage"]) for number in SUBJECTS]
            lines.append(_line(f"{label}, {name}", *cells))
    return "\n".join(lines)


def tests_table(rows: Sequence[Row]) -> str:
    """Smallest and largest share of significant tests in percent over designs and metrics."""
    lines = [_line("significant at 5 %", *(str(number) for number in SUBJECTS)), _rule(len(SUBJECTS))]
    for shift, name in ((0.0, "no difference"), (0.5, "a difference")):
        for key, label in (("mean", "mean over corruptions"), ("any of 5", "any of 5 corruptions")):
            selected = [row for row in rows if row["shift"] == shift]
            cells = [_range(selected, number, lambda row, key=key: row[key]) for number in SUBJECTS]  # type: ignore[misc]
            lines.append(_line(f"{name}, {label}", *cells))
    return "\n".join(lines)


def cases_table(rows: Sequence[Row]) -> str:
    """Coverage for independent cases, ours and the normal interval."""
    cases = sorted({row["cases"] for row in rows})
    lines = [_line("mean Dice and SD of independent cases", *(str(number) for number in cases)), _rule(len(cases))]
    for scores in dict.fromkeys(row["scores"] for row in rows):
        by_cases = {row["cases"]: row for row in rows if row["scores"] == scores}
        for key, label in (("pooled", "this package"), ("normal", "mean ± 1.96 SD / √n")):
            lines.append(_line(f"{scores}: {label}", *(f"{100 * by_cases[number][key]:.0f}" for number in cases)))
    return "\n".join(lines)


def _range(rows: Sequence[Row], subjects: int, value: Callable[[Row], float | None]) -> str:
    values = [100 * share for row in rows if row["subjects"] == subjects and (share := value(row)) is not None]
    low, high = (f"{end:.0f}" for end in (min(values), max(values)))
    return low if low == high else f"{low}-{high}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "|" + "---|" * (columns + 1)


if __name__ == "__main__":
    sys.stdout.write(f"{tables()}\n")
