"""The outcome of ``make soak`` as a Markdown table, and the paragraph of the README that quotes it.

``python docs/soak_table.py --write`` puts the table between the two comments of the README.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "soak.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- soak table: python docs/soak_table.py --write -->", "<!-- end of soak table -->"


def table() -> str:
    """One row per test: trials that passed, and what was measured."""
    lines = ["| test | passed | measured |", "|---|---|---|"]
    for test in tests():
        detail = str(test["detail"]).replace("|", "\\|")
        lines.append(f"| {test['name']} | {test['passed']:,} of {test['total']:,} | {detail} |")
    return "\n".join(lines)


def tests() -> Iterator[Mapping[str, Any]]:
    """The entries of the result file in their order."""
    for section in json.loads(RESULT.read_text("utf-8"))["sections"].values():
        yield from section["tests"]


def summary() -> str:
    """A sentence with the total number of trials and the duration."""
    entries = list(tests())
    passed, total = (sum(test[key] for test in entries) for key in ("passed", "total"))
    minutes = sum(test["seconds"] for test in entries) / 60
    return f"{passed:,} of {total:,} trials passed in {minutes:.0f} minutes on two cores:"


def readme_with_table(text: str) -> str:
    """The README with the current sentence and table between the comments."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n{summary()}\n\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(readme_with_table(README.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(f"{summary()}\n\n{table()}\n")
