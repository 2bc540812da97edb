"""Ours beside the paper's: signs, spread models, failed rows, LaTeX and HTML that say the same."""

import io
import math

import pandas as pd
import pytest
from rich.console import Console

from robustbench_endo.reports.formatting import signed
from robustbench_endo.reports.reproduction.page import paper_html, paper_latex
from robustbench_endo.reports.reproduction.table import PaperTable, print_paper_table
from robustbench_endo.reports.text.latex import escaped


def line(model, protocol, ours, theirs, state="done"):
    quantity = "endoarss_miou" if protocol == "endoarss" else "miou"
    figures = {"ours": ours, "published": theirs, "difference": ours - theirs}
    labels = {"category": "noise", "corruption": "shot_noise", "model": model}
    return {**labels, "metric": "miou", "protocol": protocol, "quantity": quantity, **figures, "state": state}


@pytest.fixture
def table():
    rows = [
        line("A/one", "endoarss", 61.5, 64.18),
        line("B/two", "endoarss", math.nan, 65.9, "Expected <a> finite loss, got nan."),
        line("A/one", "standard", 58.25, math.nan),
        line("B/two", "standard", math.nan, math.nan, "Expected <a> finite loss, got nan."),
    ]
    return PaperTable("Table VII", ("category", "corruption", "model"), pd.DataFrame(rows), ("Stand-ins: 100 % toys.",))


def test_differences_have_their_sign():
    assert [signed(value) for value in (-2.68, 0.001, -0.001, 3.0, math.inf, math.nan)] == [
        "\u22122.68",
        "0.00",
        "0.00",
        "+3.00",
        "+∞",
        "–",
    ]


def test_models_stand_side_by_side(table):
    compared, own = table.blocks
    assert compared.heads == (("mIoU (%)", "A/one"), ("mIoU (%)", "B/two"))
    assert [line.labels for line in compared.lines] == [("Noise", "Shot noise")]
    first, second = compared.lines[0].figures
    assert (first.ours, first.published, first.difference) == ("61.50", "64.18", "\u22122.68")
    assert (second.ours, second.published, second.difference) == ("–", "65.90", "–")
    assert not own.compared
    assert table.problems == [("B/two", "Expected <a> finite loss, got nan.")]


def test_latex_is_balanced_and_escaped(table):
    text = paper_latex(table)
    assert text.count(r"\begin{") == text.count(r"\end{") == 4
    rows = [row for row in text.splitlines() if row.startswith("Noise")]
    assert [row.count("&") for row in rows] == [2 + 6 - 1, 2 + 2 - 1]
    assert r"100 \% toys" in text
    assert r"\ensuremath{-}2.68" in rows[0]
    assert escaped("a_b & 5 %") == r"a\_b \& 5 \%"


def test_html_loads_nothing_and_shows_what_failed(table):
    page = paper_html(table)
    assert "://" not in page
    assert "Expected &lt;a&gt; finite loss" in page
    for text in ("Stand-ins: 100 % toys.", "61.50", "64.18", "58.25"):
        assert text in page


@pytest.mark.parametrize("width", [60, 160])
def test_a_terminal_of_any_width_shows_every_figure(table, width):
    console = Console(width=width, record=True, file=io.StringIO())
    print_paper_table(table, console)
    text = console.export_text()
    for part in ("61.50 (\u22122.68)", "B/two: Expected", "Stand-ins"):
        assert part in text
