"""What rankings say of themselves in a Python session or a notebook: one line per model."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustbench_endo.results.rankings.rankings import Rankings

_TABLES = "Tables: .ranks (every method), .distribution, .rank_intervals, .pairs, .methods, .groups."


def rankings_text(rankings: Rankings) -> str:
    """The rank of each model with its interval over the draws, what they rest on, and the warnings."""
    lines = [f"Rankings by {rankings.metric}, mean of corruptions (1 = best)"]
    for row in rankings.rank_intervals.itertuples():
        interval = "" if math.isnan(row.low) else f" ({row.low:.0f} to {row.high:.0f})"
        others = sorted(set(rankings.ranks.loc[row.Index]))
        lines.append(f"  {row.rank}{interval}  {row.Index}; by all methods {others[0]} to {others[-1]}")
    return "\n".join([*lines, rankings.statement, *rankings.warnings, _TABLES])


def rankings_html(rankings: Rankings) -> str:
    """:func:`rankings_text` as HTML, with the ranks by every method as a table below."""
    paragraphs = "<br>".join(escape(line) for line in rankings_text(rankings).splitlines())
    return f'<p>{paragraphs}</p><div style="overflow-x:auto">{rankings.ranks.to_html(border=0)}</div>'
