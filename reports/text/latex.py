"""Tables for a paper: booktabs, nothing else needed; every name escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from robustbench_endo.reports.text.text_tables import WIDEST, PrintedCell, PrintedRow, PrintedTable

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


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is; line breaks and control characters become spaces."""
    return "".join(_ESCAPED.get(letter, letter) for letter in re.sub(r"[\x00-\x1f\x7f]", " ", text))


_PAGE, _LETTER, _PART = 455.0, 4.5, 14
"""Points of a text 16 cm wide; points of a letter at 9 points; letters of a name that stay together."""

_HEAD = r"""% Tables of the run {name}, {protocol} protocol.
% For a text 16 cm wide. Needs \usepackage[T1]{{fontenc}}, \usepackage{{textcomp}} and \usepackage{{booktabs}};
% names with letters beyond Latin need XeLaTeX or LuaLaTeX.
"""


def latex(tables: Sequence[PrintedTable], name: str, protocol: str) -> str:
    """The tables as floats to be copied or read by ``\\input``; wide ones are split, so that none leaves its page.

    Args:
        name: of the run; ``protocol``: its protocol, which stands in every caption.
    """
    parts = [part for table in tables for part in table.split(_widest(table))]
    head = _HEAD.format(name=_comment(name), protocol=_comment(protocol))
    return "\n".join([head, *(_table(part, protocol) for part in parts)])


def _table(table: PrintedTable, protocol: str) -> str:
    note = f" {escaped(table.note)}" if table.note else ""
    bold = " Bold: best of the row." if any(cell.best for row in table.rows for cell in row.cells) else ""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering\small\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escaped(table.caption)} ({escaped(protocol)} protocol).{bold}{note}}}",
        rf"\label{{tab:{_safe(table.name)}}}",
        rf"\begin{{tabular}}{{@{{}}l{_alignment(table)}@{{}}}}",
        r"\toprule",
        *_spans(table),
        " & ".join([escaped(table.head), *(_column(name) for name in table.columns)]) + r" \\",
        *(line for row in table.rows for line in _row(row)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _safe(name: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", name.lower())


def _alignment(table: PrintedTable) -> str:
    return "r" * len(table.columns)


def _spans(table: PrintedTable) -> list[str]:
    if not table.spans:
        return []
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{escaped(text)}}}" for text, width in table.spans]
    first, rules = 2, []
    for _, width in table.spans:
        rules.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    return [" & ".join(["", *heads]) + r" \\", "".join(rules)]


def _widest(table: PrintedTable) -> int:
    """Columns of numbers that fit beside each other on a usual page, by a rough width of their letters."""
    label = _LETTER * max(len(row.label) + (7 if row.kind == "category" else 0) for row in table.rows)
    cells = (cell for row in table.rows for cell in row.cells)
    number = max(
        len(cell.text) + cell.seen + (0.75 * len(f"{cell.low}, {cell.high}") + 1 if cell.low else 0) for cell in cells
    )
    head = max(len(line) for name in table.columns for line in _lines(name))
    column = _LETTER * max(number, 0.75 * head) + 8
    return max(1, min(WIDEST[_has_intervals(table)], int((_PAGE - label) / column)))


def _column(name: str) -> str:
    """A name that breaks after its slashes and, where a part is long, after other separators, at last anywhere."""
    lines = [escaped(line) for line in _lines(name)]
    stacked = r" \\ ".join(lines)
    return rf"\scriptsize {lines[0]}" if len(lines) == 1 else rf"\scriptsize\shortstack[r]{{{stacked}}}"


def _lines(name: str) -> list[str]:
    parts = (part if len(part) <= _PART else re.sub(r"([_:.-])", "\\1\n", part) for part in name.split("/"))
    pieces = "/\n".join(parts).split("\n")
    return [piece[k : k + _PART] for piece in pieces for k in range(0, len(piece), _PART)] or [""]


def _row(row: PrintedRow) -> list[str]:
    label = escaped(row.label)
    first = {"category": rf"\emph{{{label}}} (mean)", "mean": rf"\emph{{{label}}}", "plain": label}.get(row.kind, label)
    rule = [r"\midrule"] if row.kind in ("clean", "category", "mean") else []
    return [*rule, " & ".join([first, *(_cell(cell) for cell in row.cells)]) + r" \\"]


def _cell(cell: PrintedCell) -> str:
    text = escaped(cell.text)
    value = rf"\textbf{{{text}}}" if cell.best else text
    value = rf"\textsuperscript{{\textdagger}}{value}" if cell.seen else value
    return rf"{value} {{\scriptsize[{escaped(cell.low)}, {escaped(cell.high)}]}}" if cell.low else value


def _has_intervals(table: PrintedTable) -> bool:
    return any(cell.low for row in table.rows for cell in row.cells)


def _comment(text: str) -> str:
    return re.sub(r"\s+", " ", text)
