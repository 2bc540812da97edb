"""Intervals in every form of the table: beside the number, with what was resampled."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from robustbench_endo.reports import print_envelope, print_robustness, print_table, report
from robustbench_endo.reports.data.report_data import content
from robustbench_endo.reports.data.table import score_table
from robustbench_endo.reports.html import html
from robustbench_endo.reports.pdf.layout import _words
from robustbench_endo.results import Bootstrap

SETTINGS = Bootstrap(resamples=300)


@pytest.fixture(scope="module")
def gathered(usual_run):
    return content(usual_run, SETTINGS)


def printed(draw, width=130) -> str:
    console = Console(file=io.StringIO(), width=width)
    draw(console)
    return console.file.getvalue()


def test_cells_hold_half_the_width_and_the_ends(usual_run):
    table = score_table(usual_run, ("miou",), SETTINGS)
    expected = usual_run.table(("miou",), SETTINGS)
    smoke = next(row for row in table.rows if row.name == "smoke")
    for model, cell in zip(usual_run.models, smoke.cells, strict=True):
        low, high = (expected.loc[("occlusion", "smoke"), ("miou", model, part)] for part in ("low", "high"))
        assert cell.margin == f"±{(high - low) / 2:.2f}"
        assert cell.ends == f"{low:.2f} to {high:.2f}"
    plain = score_table(usual_run, ("miou",))
    assert [cell.text for row in table.rows for cell in row.cells] == [c.text for row in plain.rows for c in row.cells]
    assert not any(cell.margin or cell.ends for row in plain.rows for cell in row.cells)


def test_an_absent_number_has_no_margin(make_run):
    def without_smoke(frame, info):
        return frame.drop(frame.index[frame["corruption"] == "smoke"])

    table = score_table(make_run(gallery=False, edit=without_smoke), ("miou",), SETTINGS)
    smoke = next(row for row in table.rows if row.name == "smoke")
    assert {(cell.text, cell.margin) for cell in smoke.cells} == {("–", "")}


@pytest.mark.parametrize("width", [80, 130])
def test_the_terminal_prints_them_and_the_unit(usual_run, width):
    text = printed(lambda console: print_table(usual_run, console, intervals=SETTINGS), width)
    assert len(re.findall(r"±\d+\.\d\d", text)) == 25 * 6
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    assert "±: half the width of the interval. 95 % intervals from 300 resamples of 6 single frames." in flat
    assert "Frames are resampled as if they were independent" in flat


def test_the_page_shows_them_and_the_unit(gathered):
    page = html(gathered)
    table = page[page.index('<table id="scores">') :]
    cells = [cell for row in gathered.table.rows for cell in row.cells if cell.margin]
    assert table.count('<small class="margin">±') == len(cells)
    assert f"interval {cells[0].ends}" in table
    assert gathered.table.intervals in page
    assert "as if they were independent" in page
    assert "± and interval" in page


def test_the_pdf_states_the_unit(gathered, usual_run, tmp_path):
    words = _words(gathered)
    assert words["intervals"].endswith("6 single frames.")
    assert "±" in json.dumps(words["tables"], ensure_ascii=False)
    pytest.importorskip("typst")
    assert report(usual_run, tmp_path / "report.pdf", intervals=SETTINGS).read_bytes().startswith(b"%PDF")


def test_a_run_in_few_numbers(usual_run):
    text = printed(lambda console: print_robustness(usual_run, console, ("miou",), "tiny-resnet/mmoe"))
    expected = usual_run.robustness(("miou",), "tiny-resnet/mmoe")
    line = next(line for line in text.splitlines() if line.startswith("Relative mCE"))
    assert re.findall(r"\d+\.\d\d", line) == [f"{v:.2f}" for v in expected.loc[("miou", "relative_mce")]]
    for label in ("Worst 5 % of frames", "Area, by dose", "Silent mask failures, corrupted", "(phi)", "Mean of blur"):
        assert label in text
    with_ends = printed(lambda console: print_robustness(usual_run, console, ("miou",), None, SETTINGS))
    assert with_ends.count("…") > 3 * 20
    assert "300 resamples of 6 single frames" in " ".join(with_ends.split())


def test_the_envelope(usual_run):
    require = {"dice": 0.5, "hd95": 60.0}
    text = printed(lambda console: print_envelope(usual_run, console, require, SETTINGS))
    found = usual_run.envelope(require, SETTINGS)
    assert "Dice ≥ 50 % and HD95 ≤ 60 px" in text
    smoke = next(line for line in text.splitlines() if "Smoke" in line)
    for row in found[found["corruption"] == "smoke"].itertuples():
        assert f"{row.severity} ({row.dose:.2f})" in smoke
    assert "300 resamples" in " ".join(text.split())
    hopeless = printed(lambda console: print_envelope(usual_run, console, {"dice": 1.0}, SETTINGS))
    assert hopeless.count("not even clean: Dice") == 19 * 3
