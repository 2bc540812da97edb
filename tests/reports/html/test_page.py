"""The HTML page: its numbers are those of the results, names are text, and it loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from robustbench_endo.reports.data.metrics import headline_present, metrics_present
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.formatting import signed, signed_range
from robustbench_endo.reports.html import html
from robustbench_endo.reports.html.page import LIMIT, breakable
from robustbench_endo.results import Resampling, compare

HOSTILE = "<script>alert(1)</script> \"'&amp; {{ 7*7 }} 手術 é"
VOID = {"meta", "img", "link", "br", "wbr", "input", "hr"}
QUICK = Resampling(resamples=200)


class Page(HTMLParser):
    """Tags, attributes, visible text and the cells of the score table; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.values: list[str] = []
        self.text = ""
        self.rows: dict[str, list[tuple[str, str]]] = {}
        self._in_scores = False
        self._label = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value or "" for _, value in attrs]
        if tag == "table":
            self._in_scores = dict(attrs).get("id") == "score-table"
        if self._in_scores and tag == "tr":
            self._label = ""
        if self._in_scores and tag == "td" and "data-v" in dict(attrs):
            self.rows.setdefault(self._label, []).append((dict(attrs)["data-v"], ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value or "" for _, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" in self.open or "style" in self.open:
            return
        self.text += data
        if self._in_scores and self.open[-1] == "th":
            self._label += data
        if self._in_scores and self.open[-1] == "td" and self._label in self.rows:
            exact, printed = self.rows[self._label][-1]
            self.rows[self._label][-1] = (exact, printed + data)


@pytest.fixture(scope="module")
def page(usual_run, usual_report):
    return usual_run, html(usual_report)


def embedded(text: str):
    """The data of the script."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def row_label(category, name):
    special = {"clean": "Clean", "all": "Mean of all corruptions"}
    text = special.get(name, name.replace("_", " ").replace("jpeg", "JPEG"))
    return text[:1].upper() + text[1:]


def test_page_cells_equal_results(page):
    results, text = page
    expected = results.table(headline_present(results))
    rows = {label.strip(): cells for label, cells in Page(text).rows.items() if "Floor" not in label}
    assert set(rows) == {row_label(*key) for key in expected.index}
    for key in expected.index:
        for (exact, printed), number in zip(rows[row_label(*key)], expected.loc[key].to_numpy(float), strict=True):
            if np.isnan(number):
                assert (exact, printed) == ("", "–")
            else:
                assert float(exact) == number
                assert printed in (f"{number:.2f}", f"{number:.1f}", "∞")


def test_page_script_table_equals_results(page):
    results, text = page
    data = embedded(text)
    expected = results.table(metrics_present(results), QUICK)
    rows = [(row["category"], row["corruption"]) for row in data["rows"] if row["kind"] != "floor"]
    assert sorted(rows) == sorted(expected.index)
    expected = expected.loc[rows]
    for metric in metrics_present(results):
        numbers = [
            row for row, kind in zip(data["table"][metric], data["rows"], strict=True) if kind["kind"] != "floor"
        ]
        actual = np.array([[[np.nan if v in (None, "inf") else v for v in cell] for cell in row] for row in numbers])
        parts = expected[metric].replace(np.inf, np.nan)
        for part, rtol in (("value", 0), ("low", 1e-8), ("high", 1e-8)):
            exact = parts.xs(part, axis=1, level=1)[results.models].to_numpy(float)
            np.testing.assert_allclose(actual[..., ["value", "low", "high"].index(part)], exact, rtol=rtol)


def test_page_rows_follow_order_of_suite(page):
    results, text = page
    labels = [label.strip() for label in Page(text).rows]
    categories = dict.fromkeys(results.corruption_categories.values())
    expected = ["Clean"]
    for category in categories:
        members = [name for name, its in results.corruption_categories.items() if its == category]
        expected += [row_label("mean", category), *(row_label(category, name) for name in members)]
    assert labels == [*expected, "Mean of all corruptions", "Floor of the mean"]


def test_page_intervals_equal_results(page):
    results, text = page
    expected = results.table(("miou",), QUICK)["miou"]
    for model in results.models:
        low, high = (expected.loc[("occlusion", "smoke"), (model, part)] for part in ("low", "high"))
        assert f"interval {low:.2f} to {high:.2f}" in text


def test_page_script_data_equal_results(page):
    results, text = page
    data = embedded(text)
    scores = results.scores(QUICK).set_index(["model", "corruption", "severity"]).sort_index()
    assert [metric["name"] for metric in data["metrics"]] == metrics_present(results)
    keys = [
        (model, *condition)
        for corruption in results.corruptions
        for model in results.models
        for condition in (("clean", 0), *((corruption, severity) for severity in results.severities))
    ]
    shape = len(results.corruptions), len(results.models), 1 + len(results.severities), 3
    for metric in data["metrics"]:
        parts = [metric["name"] + suffix for suffix in ("", "_low", "_high")]
        expected = scores.loc[keys, parts].replace([np.inf, -np.inf], np.nan).to_numpy(float).reshape(shape)
        # Equal to nine digits; null where there is no number.
        panels = data["scores"][metric["name"]][-len(results.corruptions) :]
        numbers = [[[[v if v != "inf" else None for v in part] for part in m] for m in panel] for panel in panels]
        actual = np.array(numbers, float).transpose(0, 1, 3, 2)
        np.testing.assert_allclose(actual, expected, rtol=1e-8)
    ssim = scores.loc[(results.models[0], "smoke", 4), "image_ssim"]
    assert data["distortion"][0][results.corruptions.index("smoke")][4] == pytest.approx(1 - ssim / 100)


def test_page_comparison_equals_results(page, usual_report):
    results, text = page
    differences = compare(results, ("miou",), usual_report.comparison.baseline, QUICK).differences
    for row in differences[differences["category"] == "blur"].itertuples():
        assert signed(row.difference) in text
        assert f"interval {signed_range(row.low, row.high)}" in text


def test_page_failures_equal_results(page):
    results, text = page
    table = results.failures({"segmentation": 0.5})
    for model in results.models:
        for task in ("segmentation", "activity"):
            silent, failed = (table.loc[("mean", "all"), (f"{task}_{kind}", model)] for kind in ("silent", "failed"))
            assert f"{silent:.2f} / {failed:.2f}" in text


def test_page_is_complete_and_loads_nothing(page):
    _, text = page
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    parsed = Page(text)
    assert parsed.open == []
    assert not {"link", "iframe", "object", "embed", "base"} & set(parsed.tags)
    assert parsed.tags.count("script") == 2
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in text


def test_page_has_its_sections(page):
    headings = [each.strip() for each in re.findall(r"<h2 [^>]*>(.*?)(?:<.*)?</h2>", page[1])]
    assert headings == [
        "Summary",
        "Severity curves",
        "Images and predictions",
        "Largest performance drops",
        "Scores under corruption",
        "Safe operating range",
        "Silent (overconfident) failures",
        "Calibration",
        "Failure detection",
        "Statistical comparison",
        "Rankings",
        "Categories of corruptions",
        "Results by class and by patient",
        "Provenance",
        "Glossary",
    ]
    assert page[1].count("<nav ") == 1


def test_page_is_small(page):
    assert len(page[1].encode()) < LIMIT == 8_000_000


def test_page_escapes_names_everywhere(make_run):
    def rename(frame, info):
        info["name"] = info["data"]["name"] = HOSTILE
        info["notes"] = [HOSTILE]
        info["tasks"]["segmentation"] = ["background", HOSTILE, HOSTILE]
        info["failures"] = [{"id": HOSTILE, "reason": HOSTILE}]
        info["models"][0]["spec"] = HOSTILE
        info["corruptions"][0]["cause"] = HOSTILE
        frame["image_id"] = HOSTILE + frame["image_id"]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], severities=[1, 3], edit=rename)
    page = Page(html(report_data(results, QUICK)))
    assert page.tags.count("script") == 2
    assert page.text.count(HOSTILE) >= 12
    assert any(value == HOSTILE for value in page.values)


def test_page_escapes_user_corruption(make_run):
    results = make_run(models=["a"], corruptions=["<b>fog", "smoke"], severities=[1])
    page = Page(html(report_data(results, QUICK)))
    assert "<b>fog" in page.text
    assert "Custom" in page.text


def test_page_of_a_reversing_name_keeps_the_direction_of_its_sentences(make_run):
    results = make_run(models=["a\u202eb", "\u2067c"], corruptions=["smoke"], severities=[1], gallery=False)
    text = html(report_data(results, QUICK))
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    assert "a\N{REPLACEMENT CHARACTER}b" in text


def test_page_ids_are_unique_and_links_resolve(page):
    _, text = page
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert set(re.findall(r'aria-labelledby="([^"]+)"', text)) <= set(ids)


def test_page_images_and_figures_have_descriptions(page):
    _, text = page
    assert all("alt=" in tag for tag in re.findall(r"<img [^>]*>", text))
    drawings = re.findall(r"<svg [^>]*>", text)
    assert all('role="img" aria-label=' in tag or 'aria-hidden="true"' in tag for tag in drawings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("models", "corruptions", "severities"), [(1, ["smoke"], [3]), (12, ["smoke", "contrast"], [1])]
)
def test_page_of_small_and_wide_runs(make_run, models, corruptions, severities):
    names = [f"model {index}" for index in range(models)]
    results = make_run(models=names, corruptions=corruptions, severities=severities)
    text = Page(html(report_data(results, QUICK))).text
    assert all(name in text for name in names)
    assert not re.search(r"\bnan\b|\bNone,|undefined", text)


def test_page_without_gallery_or_scores(make_run, unscored):
    text = Page(html(report_data(make_run(gallery=False, edit=unscored), QUICK))).text
    assert "no scores" in text
    assert not re.search(r"\bnan\b", text)
    assert "Provenance" in text


def test_page_reports_failures_notes_and_missing_conditions(make_run):
    def drop(frame, info):
        info["failures"] = [{"id": "2/broken.png", "reason": reason} for reason in ("Truncated file", "No mask")]
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["severity"] == 3)])

    results = make_run(models=["a"], corruptions=["smoke", "contrast"], severities=[1, 3], gallery=False, edit=drop)
    text = Page(html(report_data(results, QUICK))).text
    assert "1 frame excluded" in text
    assert "Truncated file" in text
    assert "The activity is a proxy." in text
    assert "Smoke at severity 3" in text


def test_page_is_reproducible(make_run):
    results = make_run(models=["a", "b"], corruptions=["smoke"], severities=[1])
    assert html(report_data(results, QUICK)) == html(report_data(results, QUICK))


def test_breakable_escapes_and_breaks_after_separators():
    assert breakable("<a>/b") == "&lt;a&gt;/<wbr>b"
    assert breakable("a_b") == "a_b"
    assert breakable("a-rather-long_name") == "a-rather-long_<wbr>name"
