"""Files appear whole, under the names asked for, or not at all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.reports import report, write_reports
from robustbench_endo.reports.text import figure_files
from robustbench_endo.results import Bootstrap


@pytest.fixture
def small(make_run):
    return make_run(models=["a"], corruptions=["smoke"], severities=[1])


def test_the_ending_decides(small, tmp_path):
    path = report(small, tmp_path / "new" / "page.html")
    assert path == tmp_path / "new" / "page.html"
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_both_forms_beside_each_other(small, tmp_path):
    pytest.importorskip("typst", reason="the extra 'report' is not installed")
    files = write_reports(small, tmp_path / "out")
    assert [file.name for file in files] == ["report.html", "report.pdf"]
    assert files[1].read_bytes().startswith(b"%PDF")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["report.html", "report.pdf"]


@pytest.mark.parametrize("name", ["report", "report.docx"])
def test_an_unknown_ending_is_one_sentence(small, tmp_path, name):
    with pytest.raises(RobustEndoError, match=r"Expected a report as html, pdf, .* got .* report\.html"):
        report(small, tmp_path / name)


def test_every_format_has_its_place(small, tmp_path, monkeypatch):
    # What is in them has tests of its own.
    monkeypatch.setattr("robustbench_endo.reports.data.report_data.QUICK", Bootstrap(resamples=200))
    made = ((name, figure) for name, figure in figure_files.figures(small) if name == "heat-miou")
    monkeypatch.setattr(figure_files, "figures", lambda *_: made)
    files = write_reports(small, tmp_path, ("latex", "md", "csv", "figures"))
    assert [file.name for file in files] == ["report.tex", "report.md", "tables", "figures"]
    assert (tmp_path / "tables" / "table.csv").is_file()
    assert (tmp_path / "figures" / "heat-miou.svg").is_file()
    assert report(small, tmp_path / "mine.tex").read_text("utf-8").startswith("% Tables of the run invented")


def test_an_unknown_paper_is_one_sentence(small, tmp_path):
    with pytest.raises(RobustEndoError, match="Expected a4 or letter as the page size, got 'a5'"):
        report(small, tmp_path / "report.pdf", page_size="a5")


def test_an_unwritable_place_is_one_sentence(small, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RunError, match="Expected a folder that can be written"):
        report(small, tmp_path / "file" / "report.html")


def test_a_failed_write_leaves_the_old_report(small, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(RunError, match="disk full"):
        report(small, path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir() if "report" in file.name] == ["report.html"]


def test_reports_need_no_torch():
    code = (
        "import sys, robustbench_endo.reports; sys.exit('torch' in sys.modules or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
