"""Reproduced tables and figures of the paper, as LaTeX (booktabs) and as one HTML file that loads nothing."""

from __future__ import annotations

from pathlib import Path

from robustbench_endo.reports.html.svg import inline_svg
from robustbench_endo.reports.palette import DARK, LIGHT
from robustbench_endo.reports.reproduction.table import Block, Number, PaperTable
from robustbench_endo.reports.templating import environment
from robustbench_endo.reports.text.latex import escape_latex

TEMPLATES = Path(__file__).parent / "templates"


def paper_html(table: PaperTable, figures: dict[str, str] | None = None) -> str:
    """The page of a table, or of a figure (name -> an SVG document of this package) above its numbers."""
    return (
        environment(TEMPLATES)
        .get_template("reproduction.html.j2")
        .render(
            table=table,
            blocks=table.blocks if len(table.frame) else (),
            drawings={name: inline_svg(text, name) for name, text in (figures or {}).items()},
            palette={"light": LIGHT, "dark": DARK},
        )
    )


def paper_latex(table: PaperTable) -> str:
    """A ``table`` for each protocol; needs the packages booktabs and graphicx."""
    return "\n".join(_tabular(table, block) for block in table.blocks)


def _tabular(table: PaperTable, block: Block) -> str:
    parts = 3 if block.compared else 1
    rows = [_row([*line.labels, *_cells(line.numbers, block)]) for line in block.lines]
    notes = [block.legend, *table.notes, *(f"{name}: {problem}" for name, problem in table.problems)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escape_latex(table.title)}. {' '.join(escape_latex(note) for note in notes)}}}",
            r"\centering",
            r"\resizebox{\textwidth}{!}{%",
            rf"\begin{{tabular}}{{{'l' * len(block.keys)}{'r' * parts * len(block.heads)}}}",
            r"\toprule",
            *_heading(block, parts),
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
            "",
        ]
    )


def _heading(block: Block, parts: int) -> list[str]:
    empty = [""] * len(block.keys)
    names = [f"{metric} {model}".strip() for metric, model in block.heads]
    if parts == 1:
        return [_row([*block.keys, *names])]
    over = [rf"\multicolumn{{{parts}}}{{c}}{{{escape_latex(name)}}}" for name in names]
    starts = range(len(block.keys) + 1, len(block.keys) + 1 + parts * len(names), parts)
    rules = " ".join(rf"\cmidrule(lr){{{start}-{start + parts - 1}}}" for start in starts)
    below = _row([*block.keys, *["reproduced", "published", "difference"] * len(names)])
    return [" & ".join([*empty, *over]) + r" \\", rules, below]


def _cells(numbers: tuple[Number, ...], block: Block) -> list[str]:
    names = ("reproduced", "published", "difference") if block.compared else ("reproduced",)
    return [getattr(number, name) for number in numbers for name in names]


def _row(cells: list[str]) -> str:
    return " & ".join(escape_latex(cell) for cell in cells) + r" \\"
