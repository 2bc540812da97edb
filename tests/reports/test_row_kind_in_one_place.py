"""A kind of row that is declared in one place appears in every form of the table of scores."""

from __future__ import annotations

import io
import shutil
import subprocess

import pandas as pd
import pytest
from rich.console import Console

from robustbench_endo.reports import print_table, report
from robustbench_endo.reports.data import rows
from robustbench_endo.reports.data.tables import RowKind

LABEL = "Weakest corruption"
WEAKEST_ROW = RowKind("weakest", summary=True, rule="thick", suffix="minimum", sort_group=6)


@pytest.fixture(scope="module")
def results(tmp_path_factory, build_run):
    """A run of two corruptions; the rows of every table end with one of a new kind."""
    with pytest.MonkeyPatch.context() as patch:
        declared = rows.condition_rows

        def with_weakest(*args):
            formula = lambda scores: scores.mean_over_severities().min(-1)  # noqa: E731
            return [*declared(*args), rows.TableRow(("mean", "weakest"), LABEL, WEAKEST_ROW, formula)]

        patch.setattr(rows, "condition_rows", with_weakest)
        folder = tmp_path_factory.mktemp("rows") / "run"
        yield build_run(folder, ["first", "second"], ["smoke", "contrast"], [1, 3], gallery=False)


@pytest.fixture(scope="module")
def numbers(results):
    """The numbers of the new row as printed."""
    table = results.table(("accuracy", "miou"))
    corruptions = [key for key in table.index if key[0] not in ("clean", "mean")]
    return [f"{value:.2f}" for value in table.loc[corruptions].min()]


def line_with(text: str) -> str:
    return next(line for line in text.splitlines() if LABEL in line)


@pytest.mark.parametrize("suffix", ["md", "tex"])
def test_row_kind_is_in_text_reports(results, numbers, tmp_path, suffix):
    line = line_with(report(results, tmp_path / f"report.{suffix}").read_text("utf-8"))
    assert all(number in line for number in numbers)
    assert "minimum" in line


def test_row_kind_is_in_the_page(results, numbers, tmp_path):
    page = report(results, tmp_path / "report.html").read_text("utf-8")
    row = page[page.rindex("<tr", 0, page.index(LABEL)) : page.index("</tr>", page.index(LABEL))]
    assert WEAKEST_ROW.flags in row
    assert all(number in row for number in numbers)


def test_row_kind_is_in_the_pdf(results, numbers, tmp_path):
    pytest.importorskip("typst")
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    path = report(results, tmp_path / "report.pdf")
    text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
    assert all(number in line_with(text) for number in numbers)


def test_row_kind_is_in_the_data_files(results, numbers, tmp_path):
    report(results, tmp_path / "report", formats=["csv"])
    frame = pd.read_csv(tmp_path / "tables" / "table.csv")
    values = frame[frame["corruption"] == "weakest"]
    assert len(values) > 0
    printed = {f"{value:.2f}" for value in values["value"]}
    assert set(numbers) <= printed


def test_row_kind_is_in_the_terminal(results, numbers):
    console = Console(file=io.StringIO(), width=160)
    print_table(results, console, ("accuracy", "miou"))
    line = line_with(console.file.getvalue())
    assert all(number in line for number in numbers)
