"""The paper's tables and figures made again, as LaTeX (booktabs) and as one HTML file that loads nothing."""

from __future__ import annotations

from pathlib import Path

from robustbench_endo.reports.html.calibration import inline_svg
from robustbench_endo.reports.palette import DARK, LIGHT
from robustbench_endo.reports.reproduction.table import LEGENDS, Block, PaperTable
from robustbench_endo.reports.templating import environment
from robustbench_endo.reports.text.latex import escaped

TEMPLATES = Path(__file__).parent / "templates"


def paper_html(table: PaperTable, figures: dict[str, str] | None = None) -> str:
    """The page of a table, or of a figure (name -> a whole SVG document of this package) above its numbers."""
    return (
        environment(TEMPLATES)
        .get_template("reproduction.html.j2")
        .render(
            table=table,
            blocks=table.blocks if len(table.frame) else (),
            legends=LEGENDS,
            drawings={name: inline_svg(text, name) for name, text in (figures or {}).items()},
            palette={"light": LIGHT, "dark": DARK},
        )
    )


def paper_latex(table: PaperTable) -> str:
    """A ``table`` for each protocol; it needs the packages booktabs and graphicx."""
    return "\n".join(_tabular(table, block) for block in table.blocks)


def _tabular(table: PaperTable, block: Block) -> str:
    parts = 3 if block.compared else 1
    rows = [_row([*line.labels, *_cells(line.figures, block)]) for line in block.lines]
    notes = [LEGENDS[block.protocol], *table.notes, *(f"{name}: {problem}" for name, problem in table.problems)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{escaped(table.title)}. {' '.join(escaped(note) for note in notes)}}}",
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
    names = [f"{what} {model}".strip() for what, model in block.heads]
    if parts == 1:
        return [_row([*block.keys, *names])]
    over = [rf"\multicolumn{{{parts}}}{{c}}{{{escaped(name)}}}" for name in names]
    starts = range(len(block.keys) + 1, len(block.keys) + 1 + parts * len(names), parts)
    rules = " ".join(rf"\cmidrule(lr){{{start}-{start + parts - 1}}}" for start in starts)
    below = _row([*block.keys, *["ours", "published", "difference"] * len(names)])
    return [" & ".join([*empty, *over]) + r" \\", rules, below]


def _cells(figures: tuple[object, ...], block: Block) -> list[str]:
    names = ("ours", "published", "difference") if block.compared else ("ours",)
    return [getattr(figure, name) for figure in figures for name in names]


def _row(cells: list[str]) -> str:
    return " & ".join(escaped(cell) for cell in cells) + r" \\"
