"""Intervals in every form of the table: next to the number, with what was resampled."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from robustbench_endo.reports import print_envelope, print_robustness, print_table, report
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.reports.pdf.layout import _text
from robustbench_endo.reports.pdf.tables import report_tables
from robustbench_endo.results import Resampling

SETTINGS = Resampling(resamples=300)


@pytest.fixture(scope="module")
def interval_report(usual_run):
    return report_data(usual_run, SETTINGS)


def printed(print_part, width=130) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_part(console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 130])
def test_terminal_prints_intervals_and_unit(usual_run, width):
    text = printed(lambda console: print_table(usual_run, console, intervals=SETTINGS), width)
    assert len(re.findall(r"±\d+\.\d\d", text)) == 25 * 6
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    assert "±: half the width of the interval. 95 % intervals from 2 subjects (patients or sequences, 6 frames)" in flat
    assert "Only 2 subjects (patients or sequences): the intervals cover, but they are wide" in flat


def test_page_shows_intervals_and_unit(interval_report):
    page = html(interval_report)
    section = page[page.index('id="scores"') :]
    table = section[: section.index("</section>")]
    scores = interval_report.scores.subset(interval_report.headline)
    cells = [cell for row in scores.rows for cell in row.cells if cell.margin]
    assert table.count('<small class="margin">±') == len(cells)
    assert f"interval {cells[0].interval}" in table
    assert interval_report.scores.statement in page
    assert "no test can be significant with 2 subjects" in page
    assert "± and interval" in page


@pytest.mark.slow
def test_pdf_states_the_unit(interval_report, make_run, tmp_path):
    assert _text(interval_report)["intervals"].startswith("95 % intervals from 2 subjects")
    assert "±" in json.dumps(report_tables(interval_report), ensure_ascii=False)
    pytest.importorskip("typst")
    run = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1], gallery=False)
    assert report(run, tmp_path / "report.pdf", intervals=SETTINGS).read_bytes().startswith(b"%PDF")


def test_terminal_prints_summary_metrics(usual_run):
    text = printed(lambda console: print_robustness(usual_run, console, ("miou",), "tiny-resnet/mmoe"))
    expected = usual_run.robustness(("miou",), "tiny-resnet/mmoe")
    line = next(line for line in text.splitlines() if line.startswith("Relative mCE"))
    assert re.findall(r"\d+\.\d\d", line) == [f"{v:.2f}" for v in expected.loc[("miou", "relative_mce")]]
    for label in (
        "Worst 5 % of frames",
        "Area, by distortion",
        "Silent mask failures, corrupted",
        "(phi)",
        "Mean of blur",
    ):
        assert label in text
    with_ends = printed(lambda console: print_robustness(usual_run, console, ("miou",), None, SETTINGS))
    assert with_ends.count("…") > 3 * 20
    assert "95 % intervals from 2 subjects" in " ".join(with_ends.split())


def test_terminal_prints_the_envelope(usual_run):
    thresholds = {"dice": 0.5, "hd95": 60.0}
    text = printed(lambda console: print_envelope(usual_run, console, thresholds, SETTINGS))
    records = usual_run.envelope(thresholds, SETTINGS)
    assert "Dice ≥ 50 % and HD95 ≤ 60 px" in text
    smoke = next(line for line in text.splitlines() if "Smoke" in line)
    for row in records[records["corruption"] == "smoke"].itertuples():
        words = f"to {row.severity} distortion {row.distortion:.2f}" if row.severity else "clean only"
        assert words in smoke
    assert "95 % intervals from 2 subjects" in " ".join(text.split())
    hopeless = printed(lambda console: print_envelope(usual_run, console, {"dice": 1.0}, SETTINGS))
    assert hopeless.count("not even clean") == hopeless.count("limit: Dice") == 19 * 3
