"""The reports of a run folder are written again: what was changed in one of them is named."""

import hashlib
import re

import pytest

from robustbench_endo.reports import check_reports, report, report_checks, write
from robustbench_endo.reports.stored_settings import find_settings, settings_line
from robustbench_endo.reports.write import FILES
from robustbench_endo.results import Resampling

NAMES = ("report.html", "report.pdf", "report.tex", "report.md")


@pytest.fixture(scope="module")
def run(build_run, tmp_path_factory):
    """A run with its reports, of 90 % intervals."""
    run = build_run(tmp_path_factory.mktemp("reports") / "run", ["<b>one", "two"], ["smoke"], [1, 3], gallery=False)
    settings = {"intervals": Resampling(confidence=0.9), "page_size": "letter", "intended_use": "for --> % tests"}
    report(run, run.path / "report", ("html", "pdf", "latex", "md"), **settings)
    return run


@pytest.fixture
def change(run, monkeypatch):
    """Change one report; the expected one is the unchanged file."""
    contents = {name: (run.path / name).read_bytes() for name in NAMES}

    def problem(name, edit):
        for other in NAMES:
            (run.path / other).unlink(missing_ok=True)
        (run.path / name).write_bytes(edit(contents[name]))
        (check,) = check_reports(run)
        return check.problem

    files = {
        form: (suffix, lambda _, suffix=suffix: contents[f"report{suffix}"]) for form, (suffix, _) in FILES.items()
    }
    monkeypatch.setattr(report_checks, "FILES", files)
    yield problem
    for name, content in contents.items():
        (run.path / name).write_bytes(content)


def test_untouched_reports_pass_and_share_their_content(run, monkeypatch):
    computed = []
    original = write.report_data
    monkeypatch.setattr(write, "report_data", lambda *words: computed.append(1) or original(*words))
    checks = check_reports(run)
    assert [check.name for check in checks] == [f"{name} agrees with the records" for name in NAMES]
    assert [check.problem for check in checks] == [""] * 4
    assert len(computed) == 1


def test_run_without_reports_has_no_check(make_run):
    assert check_reports(make_run(models=["one"], corruptions=["smoke"], severities=[1], gallery=False)) == []


@pytest.mark.parametrize(("name", "pattern"), [("report.tex", rb"& (\d\d\.\d+)"), ("report.md", rb"\| (\d\d\.\d+)")])
def test_changed_number_of_a_text_is_named_with_its_line(change, name, pattern):
    def edit(content):
        number = re.search(pattern, content)
        return content[: number.start(1)] + b"99.9" + content[number.end(1) :]

    text = change(name, edit)
    assert re.match(rf"{name} has another line \d+ than the records give: ", text)
    assert "99.9" in text.partition("instead of")[0]
    assert change(name, lambda content: content) == ""


@pytest.mark.parametrize("name", NAMES)
def test_report_without_its_settings_is_refused(change, name):
    refused = f"{name} is no report of this version, or its settings were removed. Write it again with robust-endo"
    assert change(name, lambda content: b"").startswith(refused)
    assert change(name, lambda content: content.replace(b"settings", b"xettings")).startswith(refused)


@pytest.fixture
def gate(run):
    """A file gate.json in the run folder, of no version."""
    path = run.path / "gate.json"
    path.write_text("{}")
    yield path
    path.unlink()


def with_gate(name, content, digest):
    if name == "report.html":
        return content.replace(b'"gate":null', f'"gate":"{digest}"'.encode())
    settings = find_settings(content)
    return content.replace(settings_line(settings).encode(), settings_line({**settings, "gate": digest}).encode())


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_report_without_the_gate_of_the_folder_is_named(run, change, gate, name, monkeypatch):
    assert change(name, lambda content: content).startswith(f"{name} was written with another gate.json, or without")
    monkeypatch.undo()
    digest = hashlib.sha256(gate.read_bytes()).hexdigest()
    (run.path / name).write_bytes(with_gate(name, (run.path / name).read_bytes(), digest))
    (check,) = check_reports(run)
    assert "no gate of this version" in check.problem
