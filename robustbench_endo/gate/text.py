"""A gate on the terminal, in 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustbench_endo.gate.report import GateReport
from robustbench_endo.gate.wording import bound, conditions, guarantee, interval, levels, verdict_sentence

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_FIXED = ("Verdict", "Value (interval)")
"""Columns that are not divided into lines."""

_STYLES = {"pass": "green", "fail": "bold red", "undecided": "yellow"}


def print_gate(report: GateReport, console: Console, quiet: bool = False) -> None:
    """Print one row per criterion, the reasons of those that do not pass, and the verdict.

    Args:
        report: the gate.
        console: to print on.
        quiet: print the verdict only, with the reasons.
    """
    for model in () if quiet else report.models:
        console.print(_table(report, model, min(console.width, 110)))
    for each in report.criteria:
        if each.verdict != "pass":
            text = f"{each.verdict}: {each.id}, {each.model}: {each.reason}"
            console.print(text, highlight=False, markup=False)
    for note in () if quiet else (*report.notes, levels(report), guarantee(report)):
        console.print(note, highlight=False, markup=False)
    console.print(verdict_sentence(report), highlight=False, markup=False)
    style = _STYLES[report.verdict]
    console.print(f"Verdict: [{style}]{report.verdict}[/]", highlight=False)


def _table(report: GateReport, model: str, width: int) -> Table:
    """The criteria of one model."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    title = f"Acceptance gate{f' {report.name}' if report.name else ''}: {model}"
    table = Table(box=box.SIMPLE_HEAD, title=escape(title), title_justify="left", width=width)
    for name in ("Verdict", "Criterion", "Conditions", "Required", "Value (interval)"):
        table.add_column(name, overflow="fold", no_wrap=name in _FIXED, ratio=None if name in _FIXED else 1)
    for each in report.criteria:
        if each.model == model:
            cells = (each.id, conditions(each), f"{each.metric} {bound(each)}", interval(each, 1))
            table.add_row(f"[{_STYLES[each.verdict]}]{each.verdict}[/]", *map(escape, cells))
    return table
