"""The page of a run folder is computed again: every changed number is named, in its data and in its text."""

import hashlib
import re

import pytest

from robustbench_endo.reports import check_html, report
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import page_check
from robustbench_endo.reports.html.page_check import visible_text
from robustbench_endo.results import Resampling


@pytest.fixture(scope="module")
def run(build_run, tmp_path_factory):
    """A run with its page, of 90 % intervals."""
    run = build_run(tmp_path_factory.mktemp("page") / "run", ["<b>one", "two"], ["smoke"], [1, 3], gallery=False)
    report(run, run.path / "report.html", intervals=Resampling(confidence=0.9))
    return run


@pytest.fixture
def page(run, monkeypatch):
    """The text of the page; the expected one is computed once."""
    path = run.path / "report.html"
    text = path.read_text("utf-8")
    monkeypatch.setattr(page_check, "report_data", lambda *arguments: None)
    monkeypatch.setattr(page_check, "html", lambda report: text)
    yield text
    path.write_text(text, "utf-8")


def problem(run, text):
    (run.path / "report.html").write_text(text, "utf-8")
    (check,) = check_html(run)
    return check.problem


def test_untouched_page_passes(run):
    (check,) = check_html(run)
    assert check.problem == ""


def test_changed_number_of_the_data_is_named_by_its_path(run, page):
    start = page.index('"scores":')
    number = re.compile(r"\d+\.\d+").search(page, start)
    changed = page[: number.start()] + "99.5" + page[number.end() :]
    assert re.match(
        r"report\.html has another scores\.\S+ than the records give: 99\.5 instead of ", problem(run, changed)
    )


def test_changed_number_of_the_text_is_named(run, page):
    number = re.compile(r">(\d\d\.\d+)<").search(page, page.index("<main"))
    changed = page[: number.start(1)] + "99.9" + page[number.end(1) :]
    text = problem(run, changed)
    assert text.startswith("report.html prints another text than the records give, after ")
    assert f"99.9 instead of {number[1]}" in text


def test_changed_settings_are_noticed(run, page):
    changed = page.replace('"confidence":0.9', '"confidence":0.95')
    assert "has another settings.resampling.confidence" in problem(run, changed)
    assert "is no report of this version" in problem(run, page.replace('"confidence":0.9', '"confidence":7'))


def test_page_without_the_gate_of_the_folder_is_named(run, page, monkeypatch):
    gate = run.path / "gate.json"
    gate.write_text("{}")
    assert problem(run, page).startswith("report.html was written with another gate.json, or without it.")
    digest = hashlib.sha256(b"{}").hexdigest()
    changed = page.replace('"gate":null', f'"gate":"{digest}"')
    monkeypatch.setattr(page_check, "report_data", report_data)
    assert "no gate of this version" in problem(run, changed)
    gate.unlink()


@pytest.mark.parametrize("text", ["", "<p>nothing</p>", '<script type="application/json" id="data">{}</script>'])
def test_pages_without_data_are_refused(run, page, text):
    assert problem(run, text).startswith("report.html is no report of this version, or its data were removed.")


def test_run_without_a_page_has_no_check(make_run):
    assert check_html(make_run(models=["one"], corruptions=["smoke"], severities=[1], gallery=False)) == []


def test_visible_text_has_labels_and_no_figures():
    page = '<p title="mean">a <b>1</b></p><svg aria-label="curve"><text>2</text></svg><style>b{}</style>'
    assert visible_text(page) == ["mean", "a", "1"]
