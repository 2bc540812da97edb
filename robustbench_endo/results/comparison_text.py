"""What a comparison says of itself in a Python session or a notebook: one line per metric and model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from robustbench_endo.results.schema import CLEAN

if TYPE_CHECKING:
    from robustbench_endo.results.comparison import Comparison

_TABLES = "Tables: .differences (every corruption), .pairs, .ranks."


def comparison_text(comparison: Comparison) -> str:
    """Each model against the baseline by the mean over corruptions, what the tests rest on, and the warnings."""
    head = f"Comparison of {', '.join(comparison.models)} with the baseline {comparison.baseline}"
    return "\n".join([head, *_lines(comparison), comparison.statement, *comparison.warnings, _TABLES])


def comparison_html(comparison: Comparison) -> str:
    """:func:`comparison_text` as HTML, with the differences of every corruption as a table below."""
    paragraphs = "<br>".join(escape(line) for line in comparison_text(comparison).splitlines())
    columns = ["metric", "model", "corruption", "value", "baseline", "difference", "low", "high", "p_adjusted"]
    table = comparison.differences[columns].to_html(index=False, float_format="{:.3g}".format, na_rep="–", border=0)
    return f'<p>{paragraphs}</p><div style="overflow-x:auto">{table}</div>'


def _lines(comparison: Comparison) -> Iterator[str]:
    table = comparison.differences
    row = ("mean", "all") if ((table["category"] == "mean") & (table["corruption"] == "all")).any() else (CLEAN, CLEAN)
    selected = table[(table["category"] == row[0]) & (table["corruption"] == row[1])]
    name = "mean of corruptions" if row[0] == "mean" else CLEAN
    for each in selected.itertuples():
        yield (
            f"  {each.metric}, {name}: {each.model} {_number(each.value)}, {comparison.baseline} "
            f"{_number(each.baseline)}; difference by subject {_number(each.difference, '+.2f')}"
            f"{_interval(each)}{_p_value(each.p)}"
        )


def _number(value: Any, form: str = ".2f") -> str:
    return format(value, form) if math.isfinite(value) else "–"


def _interval(row: Any) -> str:
    return f" ({row.low:+.2f} to {row.high:+.2f})" if math.isfinite(row.low) and math.isfinite(row.high) else ""


def _p_value(p: Any) -> str:
    if not math.isfinite(p):
        return ", no test"
    return ", p < 0.001" if p < 0.001 else f", p = {p:.3f}"
