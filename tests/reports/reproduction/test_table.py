"""Reproduced and published numbers: blocks by protocol, models as columns, failed rows, the terminal."""

import io

import pytest
from rich.console import Console

from robustbench_endo.reports.reproduction.table import print_paper_table


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
