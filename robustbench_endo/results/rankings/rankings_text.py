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
    agreement = [
        f"Kendall's tau between {name}: {min(tau):.2f} to {max(tau):.2f} (1: the same ranking, -1: reversed)."
        for name, tau in (("methods", _methods(rankings)), ("categories of corruptions", _groups(rankings)))
        if tau
    ]
    return "\n".join([*lines, *agreement, rankings.statement, *rankings.warnings, _TABLES])


def rankings_html(rankings: Rankings) -> str:
    """:func:`rankings_text` as HTML, with the ranks by every method as a table below."""
    paragraphs = "<br>".join(escape(line) for line in rankings_text(rankings).splitlines())
    return f'<p>{paragraphs}</p><div style="overflow-x:auto">{rankings.ranks.to_html(border=0)}</div>'


def _methods(rankings: Rankings) -> list[float]:
    """Tau of every two methods."""
    table = rankings.methods.to_numpy(float)
    return [float(tau) for row in range(len(table)) for tau in table[row, :row] if not math.isnan(tau)]


def _groups(rankings: Rankings) -> list[float]:
    return [float(tau) for tau in rankings.groups["tau"].dropna()]
