"""Markup in every name of a run is shown as text in every format."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from robustbench_endo.reports.write import report
from robustbench_endo.results import Results

SCRIPT = "=x<script>alert(1)</script>\"'&amp;{{ 7*7 }}"
LATEX = "\\input{secret}\\write18{ls}%${}^~#_&"
MARKDOWN = "[a](javascript:x)|`b`<img src=x onerror=y>\n# heading"
TYPST = '#read("secret") #eval("1") $x$ */'
HOSTILE = SCRIPT + LATEX + MARKDOWN + TYPST


def rename(frame: pd.DataFrame, info: Any) -> None:
    """Put markup wherever a run has a name or a text."""
    info["name"] = info["data"]["name"] = info["data"]["split"] = info["suite"]["name"] = HOSTILE
    info["notes"] = [HOSTILE]
    info["tasks"] = {task: [HOSTILE + str(index) for index in range(len(each))] for task, each in info["tasks"].items()}
    info["failures"] = [{"id": HOSTILE, "reason": HOSTILE}]
    info["models"][0]["spec"] = HOSTILE
    info["corruptions"][0]["cause"] = info["corruptions"][0]["citation"] = HOSTILE
    frame["image_id"] = HOSTILE + frame["image_id"]
    frame["subject_id"] = HOSTILE + frame["subject_id"].astype(str)


@pytest.fixture
def run(make_run: Any) -> Results:
    """A run of which every name is markup."""
    return make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1, 3], gallery=False, edit=rename)


def test_report_shows_hostile_names_as_text(run: Results, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    report(run, out / "report.html", ["html", "latex", "md", "csv"])
    page = (out / "report.html").read_text("utf-8")
    assert page.count("<script") == 2
    assert not re.search(r"<img[^>]*onerror|href=\"?javascript", page)
    latex = "\n".join(line for line in (out / "report.tex").read_text("utf-8").splitlines() if line[:1] != "%")
    assert not re.search(r"\\(input|write18)\b", latex)
    markdown = (out / "report.md").read_text("utf-8")
    assert not re.search(r"(?<!\\)(\\\\)*(<(script|img)|\]\(javascript)", markdown)
    assert not re.search(r"^# heading", markdown, re.M)
    assert not [path for path in out.rglob("*") if path.name.startswith("=")]
    for path in (out / "tables").glob("*.csv"):
        table = pd.read_csv(path)
        texts = {name for name in table if not pd.api.types.is_numeric_dtype(table[name])}
        for row in csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")):
            assert not [row[name] for name in texts if row[name].startswith(("=", "+", "-", "@", "\t"))]


def test_pdf_of_hostile_names_reads_no_files(run: Results, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    report(run, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
