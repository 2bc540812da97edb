"""Reproduced tables as LaTeX and HTML."""

from robustbench_endo.reports.reproduction.page import paper_html, paper_latex
from robustbench_endo.reports.text.latex import escape_latex


def test_paper_latex_is_balanced_and_escaped(table):
    text = paper_latex(table)
    assert text.count(r"\begin{") == text.count(r"\end{") == 4
    rows = [row for row in text.splitlines() if row.startswith("Noise")]
    assert [row.count("&") for row in rows] == [2 + 6 - 1, 2 + 2 - 1]
    assert r"100 \% toys" in text
    assert r"\ensuremath{-}2.68" in rows[0]
    assert escape_latex("a_b & 5 %") == r"a\_b \& 5 \%"


def test_paper_html_loads_nothing_and_shows_failed_rows(table):
    page = paper_html(table)
    assert "://" not in page
    assert "Expected &lt;a&gt; finite loss" in page
    for text in ("Substitutes: 100 % toys.", "61.50", "64.18", "58.25"):
        assert text in page
