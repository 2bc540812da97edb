"""Tables for a paper: LaTeX with booktabs, every name escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from robustbench_endo.reports.data.tables import Cell, Row, Table
from robustbench_endo.reports.stored_settings import settings_line
from robustbench_endo.reports.text.printed_tables import MAX_COLUMNS, MAX_COLUMNS_WITH_INTERVALS

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "[": "{[}",  # a row or a line that begins with one of these three would be read as an option of the break before
    "]": "{]}",
    "*": "{*}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "–": r"\textendash{}",
    "\u2212": r"\ensuremath{-}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "“": "``",
    "”": "''",
    "±": r"\ensuremath{\pm}",
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    "∞": r"\ensuremath{\infty}",
    "→": r"\ensuremath{\rightarrow}",
    "…": r"\dots{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u200b": "",
}

_PAGE, _LETTER, _MAX_PART = 455.0, 4.5, 14
"""Points of a text 16 cm wide; points of a letter at 9 points; letters of a name that are not separated."""

_HEAD = r"""% Tables of the run {name}, {protocol} protocol.
% For a text 16 cm wide. Needs \usepackage[T1]{{fontenc}}, \usepackage{{textcomp}} and \usepackage{{booktabs}};
% names with letters beyond Latin need XeLaTeX or LuaLaTeX.
"""


def escape_latex(text: str) -> str:
    """Text that LaTeX prints unchanged; line breaks and control characters become spaces."""
    return "".join(_ESCAPED.get(letter, letter) for letter in re.sub(r"[\x00-\x1f\x7f]", " ", text))


def latex(tables: Sequence[Table], name: str, protocol: str, settings: Mapping[str, Any] | None = None) -> str:
    """The tables as floats to be copied or read by ``\\input``; wide ones are split to fit the page.

    Args:
        tables: of the run.
        name: of the run.
        protocol: of the run, printed in every caption.
        settings: of the report, stored in a comment; None for none.
    """
    parts = [part for table in tables for part in table.split(_max_columns(table))]
    head = _HEAD.format(name=_comment(name), protocol=_comment(protocol))
    end = [f"% {settings_line(settings)}\n"] if settings else []
    return "\n".join([head, *(_table(part, protocol) for part in parts), *end])


def _table(table: Table, protocol: str) -> str:
    note = f" {escape_latex(' '.join(table.notes))}" if table.notes else ""
    bold = " Bold: best number of the row, significant or not." if any(cell.strong for cell in table.cells) else ""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape_latex(table.caption)} ({escape_latex(protocol)} protocol).{bold}{note}}}",
        rf"\label{{tab:{re.sub('[^a-z0-9-]', '-', table.name.lower())}}}",
        rf"\begin{{tabular}}{{@{{}}l{'r' * len(table.columns)}@{{}}}}",
        r"\toprule",
        *_spans(table),
        " & ".join([escape_latex(table.corner), *(_column(column.label) for column in table.columns)]) + r" \\",
        r"\midrule",
        *(line for index, row in enumerate(table.rows) for line in _row(row, table, first=index == 0)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _spans(table: Table) -> list[str]:
    if not table.spans:
        return []
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{escape_latex(text)}}}" for text, width in table.spans]
    first, rules = 2, []
    for _, width in table.spans:
        rules.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    return [" & ".join(["", *heads]) + r" \\", "".join(rules)]


def _max_columns(table: Table) -> int:
    """Columns of numbers that fit a page, by a rough width of their letters."""
    label = _LETTER * max(len(row.label) + len(row.kind.suffix) + 3 for row in table.rows)
    number = max(_width(cell, table) for cell in table.cells)
    head = max(len(line) for column in table.columns for line in _lines(column.label))
    column = _LETTER * max(number, 0.75 * head) + 8
    limit = MAX_COLUMNS_WITH_INTERVALS if _prints_intervals(table) else MAX_COLUMNS
    return max(1, min(limit, int((_PAGE - label) / column)))


def _width(cell: Cell, table: Table) -> float:
    interval = 0.75 * len(", ".join(cell.ends)) + 3 if table.show_intervals and cell.interval else 0
    return len(cell.text) + len(cell.marks) + interval


def _prints_intervals(table: Table) -> bool:
    return table.show_intervals and any(cell.interval for cell in table.cells)


def _column(name: str) -> str:
    lines = [escape_latex(line) for line in _lines(name)]
    stacked = r" \\ ".join(lines)
    return rf"\scriptsize {lines[0]}" if len(lines) == 1 else rf"\scriptsize\shortstack[r]{{{stacked}}}"


def _lines(name: str) -> list[str]:
    """A name broken after its slashes and, where a part is long, after other separators, last anywhere."""
    parts = (part if len(part) <= _MAX_PART else re.sub(r"([_:.-])", "\\1\n", part) for part in name.split("/"))
    pieces = "/\n".join(parts).split("\n")
    return [piece[k : k + _MAX_PART] for piece in pieces for k in range(0, len(piece), _MAX_PART)] or [""]


def _row(row: Row, table: Table, *, first: bool) -> list[str]:
    label = escape_latex(row.label)
    label = rf"\emph{{{label}}}" if row.kind.italic else label
    label += f" ({row.kind.suffix})" if row.kind.suffix else ""
    rule = [r"\midrule"] if row.kind.rule and not first else []
    return [*rule, " & ".join([label, *(_cell(cell, table) for cell in row.cells)]) + r" \\"]


def _cell(cell: Cell, table: Table) -> str:
    text = escape_latex(cell.text)
    value = rf"\textbf{{{text}}}" if cell.strong else text
    value = rf"\textsuperscript{{{escape_latex(cell.marks)}}}{value}" if cell.marks else value
    if not (table.show_intervals and cell.interval):
        return value
    low, high = map(escape_latex, cell.ends)
    return rf"{value} {{\scriptsize[{low}, {high}]}}"


def _comment(text: str) -> str:
    return re.sub(r"\s+", " ", text)
