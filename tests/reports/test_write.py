"""Reports are written atomically, under the requested names."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.reports import report, write_comparison, write_reports
from robustbench_endo.reports.text import figure_files
from robustbench_endo.reports.write import FORMATS, output_path
from robustbench_endo.results import Resampling


@pytest.fixture
def small(make_run):
    return make_run(models=["a"], corruptions=["smoke"], severities=[1])


def test_report_suffix_selects_format(small, tmp_path):
    path = report(small, tmp_path / "new" / "page.html")
    assert path == tmp_path / "new" / "page.html"
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_write_reports_html_and_pdf(small, tmp_path):
    pytest.importorskip("typst", reason="the extra 'report' is not installed")
    files = write_reports(small, tmp_path / "out")
    assert [file.name for file in files] == ["report.html", "report.pdf"]
    assert files[1].read_bytes().startswith(b"%PDF")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["report.html", "report.pdf"]


@pytest.mark.parametrize("name", ["report", "report.docx"])
def test_report_unknown_suffix_is_an_error(small, tmp_path, name):
    with pytest.raises(RobustEndoError, match=r"Expected a report as html, pdf, .* got .* report\.html"):
        report(small, tmp_path / name)


def test_write_reports_every_format(small, tmp_path, monkeypatch):
    # Their content has other tests.
    selected = ((name, figure) for name, figure in figure_files.figures(small) if name == "heat-miou")
    monkeypatch.setattr(figure_files, "figures", lambda *_: selected)
    files = write_reports(small, tmp_path, ("latex", "md", "csv", "figures"))
    assert [file.name for file in files] == ["report.tex", "report.md", "tables", "figures"]
    assert (tmp_path / "tables" / "table.csv").is_file()
    assert (tmp_path / "figures" / "heat-miou.svg").is_file()
    assert report(small, tmp_path / "mine.tex").read_text("utf-8").startswith("% Tables of the run synthetic")


def test_report_takes_one_format_and_no_folder(small, tmp_path):
    assert report(small, tmp_path / "r", formats="md") == tmp_path / "r.md"
    with pytest.raises(
        RobustEndoError, match=r"to be a run, got 'runs/a': write report\(load_results\(folder\), path\)"
    ):
        report("runs/a", tmp_path / "r.md")


def test_report_unknown_page_size_is_an_error(small, tmp_path):
    with pytest.raises(RobustEndoError, match="Expected a4 or letter as the page size, got 'a5'"):
        report(small, tmp_path / "report.pdf", page_size="a5")


def test_report_unwritable_folder_is_an_error(small, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RunError, match="Cannot write .*report.html: .* Choose another folder"):
        report(small, tmp_path / "file" / "report.html")


def test_report_failed_write_leaves_old_file(small, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(RunError, match="disk full"):
        report(small, path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir() if "report" in file.name] == ["report.html"]


def test_reports_import_needs_no_torch():
    code = (
        "import sys, robustbench_endo.reports; sys.exit('torch' in sys.modules or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_write_comparison_to_file_or_folder(make_run, tmp_path):
    first = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1, 3], frames=12, gallery=False)
    runs = [first, dataclasses.replace(first, info={**first.info, "name": "again"})]
    arguments = (["miou"], None, Resampling(resamples=300))
    assert write_comparison(runs, tmp_path / "new", *arguments) == tmp_path / "new" / "compare.html"
    page = write_comparison(runs, tmp_path / "page.html", *arguments)
    assert page.read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(RobustEndoError, match=r"a file ending in \.html for the comparison, got .*page\.pdf"):
        write_comparison(runs, tmp_path / "page.pdf", *arguments)


def test_output_path_of_every_format(tmp_path):
    names = [output_path(name, tmp_path / "report").name for name in FORMATS]
    assert names == ["report.html", "report.pdf", "report.tex", "report.md", "tables", "figures"]
