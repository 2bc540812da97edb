"""How many subjects a study needs, as a table."""

from __future__ import annotations

import pandas as pd

from robustbench_endo.metrics.base import Metric
from robustbench_endo.reports.data.metrics import heading
from robustbench_endo.reports.data.tables import PLAIN, Cell, Column, Row, Table
from robustbench_endo.reports.formatting import counted, number, with_unit
from robustbench_endo.results.sample_size import MAX_SUBJECTS, UPPER


def sample_size_table(needed: pd.DataFrame, metric: Metric, goal: str, aim: float, power: float | None = None) -> Table:
    """One row per model or pair, one column per number of frames, of one goal.

    Args:
        needed: from :func:`robustbench_endo.results.sample_size`.
        metric: its metric.
        goal: ``interval`` or ``difference``.
        aim: half-width or margin, as a fraction for metrics in percent.
        power: for ``difference``.
    """
    size = with_unit(aim * metric.scale, metric.unit)
    purpose = (
        f"an interval of ± {size}" if goal == "interval" else f"a difference of {size}, power {100 * (power or 0):g} %"
    )
    selected = needed[needed["goal"] == goal]
    rows = tuple(_row(str(model), group, metric) for model, group in selected.groupby("model", sort=False))
    names = ["SD between", "SD within", *(f"{counted(count, 'frame')} each" for count in selected["frames"].unique())]
    caption = f"{heading(metric)}: subjects for {purpose}"
    return Table(f"sample-size-{goal}", caption, "Model", tuple(map(Column, names)), rows)


def _row(model: str, group: pd.DataFrame, metric: Metric) -> Row:
    deviations = [Cell(number(group[name].iloc[0], metric.unit)) for name in ("between_sd", "within_sd")]
    counts = [Cell(f"{_count(row.subjects)} ({_count(row.subjects_upper)})") for row in group.itertuples()]
    return Row(PLAIN, model, (*deviations, *counts))


def sample_size_note(subjects: int) -> str:
    """What the numbers rest on."""
    return (
        f"Subjects, and in parentheses those needed if the spread is at its upper {100 * UPPER:g} % bound, because the "
        f"{counted(subjects, 'subject')} of this run show it only roughly. SD between subjects, and within a subject "
        "(between its frames), by the effect of each frame on the score; more frames of the same patients reduce only "
        "the latter."
    )


def _count(value: object) -> str:
    return f">{MAX_SUBJECTS:,}" if pd.isna(value) else f"{value:,}"
