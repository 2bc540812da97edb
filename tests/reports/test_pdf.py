"""The PDF: the numbers of the results, names as text, nothing past the edge of a page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.reports.content import content
from robustbench_endo.reports.pdf import pdf

HOSTILE = '#pagebreak() $x$ <script> *b* _i_ \\ "q" [c] @ref \'é'


def text_of(data: bytes) -> str:
    """The words of a PDF, laid out; invisible break marks removed."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout.decode().replace("\u200b", "").replace("\u00a0", " ")


def boxes(data: bytes) -> list[tuple[float, float, float]]:
    """(left, right, page width) of every word."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=data, capture_output=True, check=True)
    found = []
    width = 0.0
    for line in done.stdout.decode().splitlines():
        if page := re.search(r'<page width="([\d.]+)"', line):
            width = float(page[1])
        if word := re.search(r'xMin="([-\d.]+)".*xMax="([-\d.]+)"', line):
            found.append((float(word[1]), float(word[2]), width))
    return found


@pytest.fixture(autouse=True)
def _typst():
    pytest.importorskip("typst", reason="the extra 'report' is not installed")


def test_numbers_models_and_corruptions_are_those_of_the_results(usual_run):
    results = usual_run
    text = text_of(pdf(content(results)))
    table = results.table(("accuracy", "miou"))
    for group, name in table.index:
        label = {"clean": "Clean", "all": "Mean of all corruptions"}.get(name) or name.replace("_", " ")
        values = [f"{value:.2f}" for value in table.loc[(group, name)]]
        pattern = rf"(?i){label}( mean)?\s+" + r"\s+".join(map(re.escape, values))
        assert re.search(pattern, text), (name, values)
    assert all(model.split("/")[1] in text for model in results.models)


def test_no_word_leaves_its_page_with_twelve_models(make_run):
    names = [f"a-rather-long-family-name/architecture_{index}" for index in range(12)]
    results = make_run(models=names, corruptions=["smoke", "contrast"], severities=[1, 3])
    data = pdf(content(results))
    assert all(left > 40 and right < width - 40 for left, right, width in boxes(data))
    text = text_of(data)
    expected = {f"{value:.2f}" for value in results.table().to_numpy(float).ravel()}
    assert expected <= set(re.findall(r"\d+\.\d\d", text))


def test_one_model_one_corruption_one_severity(make_run):
    results = make_run(models=["only"], corruptions=["smoke"], severities=[3])
    text = text_of(pdf(content(results)))
    assert "1 corruption at severity 3" in text
    assert "1 / " in text


def test_names_are_text_not_source(make_run):
    def rename(frame, info):
        info["name"] = HOSTILE
        info["notes"] = [HOSTILE]
        info["failures"] = [{"id": HOSTILE, "reason": HOSTILE}, {"id": "x", "reason": "y"}]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1], edit=rename)
    words = "".join(text_of(pdf(content(results))).split())
    assert words.count("".join(HOSTILE.split())) >= 5


def test_without_gallery_or_scores(make_run, unscored):
    text = text_of(pdf(content(make_run(gallery=False, edit=unscored))))
    assert "no scores" in text
    assert "nan" not in text


def test_the_same_run_gives_the_same_bytes(make_run):
    gathered = content(make_run(corruptions=["smoke"], severities=[1]))
    assert pdf(gathered) == pdf(gathered)


def test_without_typst_the_error_names_the_extra(make_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    gathered = content(make_run(models=["a"], corruptions=["smoke"], severities=[1]))
    with pytest.raises(OptionalDependencyError, match=r"robustbench-endo\[report\]"):
        pdf(gathered)
