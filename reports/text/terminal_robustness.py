"""A run in few numbers, its silent failures and its safe operating envelope, in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from robustbench_endo.reports.data.failures import DICE, aggregate_label, aggregate_unit, failure_caption, failure_lines
from robustbench_endo.reports.data.metrics import heading, metric
from robustbench_endo.reports.formatting import ABSENT, number, title

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results


def print_robustness(
    results: Results,
    console: Console,
    metrics: Sequence[str],
    baseline: str | None = None,
    intervals: bool | Bootstrap = False,
    dice: float = DICE,
) -> None:
    """Print every aggregate of :meth:`Results.robustness`, silent failures and how the tasks' failures agree.

    Args:
        metrics: those to print.
        baseline: the model that mCE is relative to.
        intervals: beside each number its interval.
        dice: below it a mask has failed.
    """
    summary = results.robustness(metrics, baseline, intervals)
    for name in metrics:
        rows = [
            (aggregate_label(name, key), aggregate_unit(name, key), values)
            for (of, key), values in summary.iterrows()
            if of == name
        ]
        console.print(_table(heading(metric(name)), rows, results.models, bool(intervals)))
    failed = results.failures(dice, intervals)
    rows = [(label, "%", values) for label, values in failure_lines(failed)]
    console.print(_table(failure_caption(dice), rows, results.models, bool(intervals)))
    if results.corruptions:
        joint = results.agreement(dice, intervals)
        rows = [
            (_CELLS[name], "" if name == "phi" else "%", _by_model(joint, name)) for name in joint.columns.unique(0)
        ]
        caption = "Do the tasks fail on the same frames? (% of corrupted frames)"
        console.print(_table(caption, rows, results.models, bool(intervals)))
    if intervals:
        for text, style in ((summary.attrs["intervals"], ""), (summary.attrs["warning"], "bold yellow")):
            console.print(Text(text, style=style), end="\n" if text else "")


def print_envelope(
    results: Results, console: Console, require: Mapping[str, float], intervals: bool | Bootstrap = True
) -> None:
    """Print for each corruption and model the largest severity that clears every threshold, the distortion there,
    the limit.

    Args:
        require: as :meth:`Results.envelope`.
    """
    found = results.envelope(require, intervals)
    wanted = " and ".join(_requirement(name, threshold) for name, threshold in require.items())
    drawn = Table(title=Text(f"Safe up to severity: {wanted}", style="bold"), title_justify="left", show_edge=False)
    drawn.add_column("Corruption", no_wrap=True)
    for model in results.models:
        drawn.add_column(Text(model.replace("/", "/\n"), overflow="fold"))
    for corruption, rows in found.groupby("corruption", sort=False):
        drawn.add_row(Text(title(str(corruption))), *(_held(row) for row in rows.itertuples()))
    console.print(drawn)
    console.print(Text("In brackets the distortion there (1 - image SSIM), then what fails at the next severity."))
    console.print(Text(f"Judged by the bad end of the interval. {found.attrs['intervals']}"))
    if found.attrs["warning"]:
        console.print(Text(found.attrs["warning"], style="bold yellow"))


_CELLS = {
    "both_right": "Neither fails",
    "only_segmentation": "Only the mask fails",
    "only_activity": "Only the activity fails",
    "both_failed": "Both fail",
    "phi": "Correlation of failures (phi)",
}


def _requirement(name: str, threshold: float) -> str:
    quantity = metric(name)
    return (
        f"{quantity.label} {'≥' if quantity.higher_is_better else '≤'} {threshold * quantity.scale:g} {quantity.unit}"
    )


def _held(row: object) -> Text:
    severity, distortion, limit = (getattr(row, name) for name in ("severity", "dose", "limit"))
    failing = ", ".join(metric(name).label for name in limit.split(", ") if name)
    if pd.isna(severity):
        return Text(f"not even clean: {failing}", style="bold")
    reached = f"{severity} ({number(distortion)})" if severity else "clean only"
    return Text(f"{reached}: {failing}" if failing else reached)


def _by_model(joint: pd.DataFrame, name: str) -> pd.Series:
    part = joint[name]
    return part.stack() if isinstance(part, pd.DataFrame) else part


def _table(name: str, rows: Sequence[tuple[str, str, pd.Series]], models: Sequence[str], intervals: bool) -> Table:
    drawn = Table(title=Text(name, style="bold"), title_justify="left", pad_edge=False, show_edge=False)
    drawn.add_column("")
    for model in models:
        head = Text(model.replace("/", "/\n"), justify="right", overflow="fold")
        # As wide as its widest interval: no number is ever cut.
        drawn.add_column(head, justify="right", min_width=len("100.00…100.00") if intervals else 7)
    for label, unit, values in rows:
        drawn.add_row(Text(label), *(_cell(values, model, unit, intervals) for model in models))
    return drawn


def _cell(values: pd.Series, model: str, unit: str, intervals: bool) -> Text:
    if not intervals:
        return Text(number(float(values[model]), unit))
    value, low, high = (float(values[model, part]) for part in ("value", "low", "high"))
    if pd.isna(low + high):
        return Text(f"{number(value, unit)} {ABSENT}" if not pd.isna(value) else ABSENT)
    return Text.assemble(number(value, unit), (f"\n{number(low, unit)}…{number(high, unit)}", "dim"))
