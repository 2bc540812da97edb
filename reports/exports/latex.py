"""Tables for a paper: booktabs, nothing else needed; every name escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .printed import WIDEST, PrintedCell, PrintedRow, PrintedTable

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
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
_HEAD = r"""% Tables of the run {name}, {protocol} protocol.
% Needs \usepackage[T1]{{fontenc}}, \usepackage{{textcomp}} and \usepackage{{booktabs}}; names with letters beyond
% Latin need XeLaTeX or LuaLaTeX.
"""


def latex(tables: Sequence[PrintedTable], name: str, protocol: str) -> str:
    """The tables as floats to be copied or read by ``\\input``; wide ones are split, so that none leaves its page.

    Args:
        name: of the run; ``protocol``: its protocol, which stands in every caption.
    """
    parts = [part for table in tables for part in table.split(WIDEST[_has_intervals(table)])]
    head = _HEAD.format(name=_comment(name), protocol=_comment(protocol))
    return "\n".join([head, *(_table(part, protocol) for part in parts)])


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is; line breaks and control characters become spaces."""
    return "".join(_ESCAPED.get(letter, letter) for letter in re.sub(r"[\x00-\x1f\x7f]", " ", text))


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
    if len(table.spans) < 2:
        return []
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{escaped(text)}}}" for text, width in table.spans]
    first, rules = 2, []
    for _, width in table.spans:
        rules.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    return [" & ".join(["", *heads]) + r" \\", "".join(rules)]


def _column(name: str) -> str:
    """A name that breaks after its slashes and, where a part is long, after other separators."""
    parts = (part if len(part) <= 14 else re.sub(r"([_:.-])", "\\1\n", part) for part in name.split("/"))
    lines = [escaped(line) for line in "/\n".join(parts).split("\n") if line]
    stacked = r" \\ ".join(lines)
    return lines[0] if len(lines) == 1 else rf"\shortstack[r]{{{stacked}}}"


def _row(row: PrintedRow) -> list[str]:
    label = escaped(row.label)
    first = {"group": rf"\emph{{{label}}} (mean)", "mean": rf"\emph{{{label}}}", "plain": label}.get(row.kind, label)
    rule = [r"\midrule"] if row.kind in ("clean", "group", "mean") else []
    return [*rule, " & ".join([first, *(_cell(cell) for cell in row.cells)]) + r" \\"]


def _cell(cell: PrintedCell) -> str:
    text = escaped(cell.text)
    value = rf"\textbf{{{text}}}" if cell.best else text
    return rf"{value} {{\scriptsize[{escaped(cell.low)}, {escaped(cell.high)}]}}" if cell.low else value


def _has_intervals(table: PrintedTable) -> bool:
    return any(cell.low for row in table.rows for cell in row.cells)


def _comment(text: str) -> str:
    return re.sub(r"\s+", " ", text)
