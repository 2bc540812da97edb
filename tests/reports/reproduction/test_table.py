"""Reproduced and published numbers: blocks by protocol, models as columns, failed rows, the terminal."""

import io
import math

import pandas as pd
import pytest
from rich.console import Console

from robustbench_endo.reports.reproduction.table import PaperTable, print_paper_table


def test_paper_table_has_a_column_per_model(table):
    compared, standard = table.blocks
    assert compared.heads == (("mIoU (%)", "A/one"), ("mIoU (%)", "B/two"))
    assert [line.labels for line in compared.lines] == [("Noise", "Shot noise")]
    first, second = compared.lines[0].numbers
    assert (first.reproduced, first.published, first.difference) == ("61.50", "64.18", "\u22122.68")
    assert (second.reproduced, second.published, second.difference) == ("–", "65.90", "–")
    assert not standard.compared
    assert table.problems == [("B/two", "Expected <a> finite loss, got nan.")]


@pytest.mark.parametrize("width", [60, 160])
def test_print_paper_table_shows_every_number_at_any_width(table, width):
    console = Console(width=width, record=True, file=io.StringIO())
    print_paper_table(table, console)
    text = console.export_text()
    for part in ("61.50 (\u22122.68)", "B/two: Expected", "Substitutes"):
        assert part in text


def test_paper_table_has_the_spread_over_seeds(line):
    rows = [
        line("A/one", "endoarss", 61.5, math.nan, sd=1.25, seeds=3),
        line("B/two", "endoarss", 60.5, math.nan, "seed 2: no.", sd=0.5, seeds=2),
    ]
    table = PaperTable("Table VII", ("category", "corruption", "model"), pd.DataFrame(rows))
    (block,) = table.blocks
    assert [number.reproduced for number in block.lines[0].numbers] == ["61.50 ± 1.25", "60.50 ± 0.50, n = 2"]
    assert not block.compared
    console = Console(width=100, record=True, file=io.StringIO())
    print_paper_table(table, console)
    text = console.export_text()
    assert "61.50 ± 1.25 " in text
    assert "published" not in text


def test_paper_table_names_the_spread_over_activities(line):
    row = {**line("A/one", "endoarss", 6.41, 6.4), "quantity": "foreground_iou_activity_sd"}
    (block,) = PaperTable("Table V", ("category", "corruption", "model"), pd.DataFrame([row])).blocks
    assert block.heads[0][0] == "Foreground IoU, SD over activities (%)"
    assert block.lines[0].numbers[0].difference == "+0.01"
