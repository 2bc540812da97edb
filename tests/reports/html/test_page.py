"""The HTML page: the right numbers, everybody's names as text, nothing from outside."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from robustbench_endo.reports.data.metrics import metrics_present
from robustbench_endo.reports.data.report_data import content
from robustbench_endo.reports.data.table import score_table
from robustbench_endo.reports.html import html
from robustbench_endo.results import Bootstrap, compare

HOSTILE = "<script>alert(1)</script> \"'&amp; {{ 7*7 }} 手術 é"
VOID = {"meta", "img", "link", "br", "wbr", "input", "hr"}


class Page(HTMLParser):
    """Tags, attributes, visible text and the cells of the score table; notes tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.values: list[str] = []
        self.text = ""
        self.cells: list[tuple[str, str]] = []
        self.in_cell = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value or "" for _, value in attrs]
        self.in_cell = tag == "td" and "data-v" in dict(attrs)
        if self.in_cell:
            self.cells.append((dict(attrs)["data-v"], ""))
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
        if self.in_cell and self.open[-1] == "td":
            self.cells[-1] = (self.cells[-1][0], self.cells[-1][1] + data)


QUICK = Bootstrap(resamples=200)


@pytest.fixture(scope="module")
def page(usual_run, usual_content):
    return usual_run, html(usual_content)


def embedded(text: str):
    """What the script draws from."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def close(found, expected) -> bool:
    """Equal to nine digits; no number where there is none."""
    given = np.array([[np.nan if x is None else x for x in line] for line in found], float)
    return np.allclose(given, expected, rtol=1e-8, equal_nan=True)


def test_every_cell_of_the_table_equals_the_results(page):
    results, text = page
    table = score_table(results, metrics_present(results))
    expected = results.table(metrics_present(results))
    found = Page(text).cells
    order = [
        {"clean": ("clean", "clean"), "mean": ("mean", "all"), "category": ("mean", row.name)}.get(
            row.kind, (row.category, row.name)
        )
        for row in table.rows
    ]
    numbers = expected.loc[order].to_numpy(float).ravel()
    assert len(found) == numbers.size
    for (exact, shown), number in zip(found, numbers, strict=True):
        if np.isnan(number):
            assert (exact, shown) == ("", "–")
        else:
            assert float(exact) == number
            assert shown in (f"{number:.2f}", f"{number:.1f}")


def test_the_intervals_of_the_table_equal_the_results(page):
    results, text = page
    expected = results.table(("miou",), QUICK)["miou"]
    for model in results.models:
        low, high = (expected.loc[("occlusion", "smoke"), (model, part)] for part in ("low", "high"))
        assert f"interval {low:.2f} to {high:.2f}" in text


def test_every_number_that_the_script_draws_from_equals_the_results(page):
    results, text = page
    data = embedded(text)
    scores = results.scores(QUICK).set_index(["model", "corruption", "severity"]).sort_index()
    assert [metric["name"] for metric in data["metrics"]] == metrics_present(results)
    for metric in data["metrics"]:
        parts = [metric["name"] + suffix for suffix in ("", "_low", "_high")]
        for place, corruption in enumerate(results.corruptions, start=1):
            for m, model in enumerate(results.models):
                keys = [(model, "clean", 0), *((model, corruption, severity) for severity in results.severities)]
                expected = scores.loc[keys, parts].replace([np.inf, -np.inf], np.nan).to_numpy(float).T
                assert close(data["scores"][metric["name"]][place][m], expected)
    ssim = scores.loc[(results.models[0], "smoke", 4), "image_ssim"]
    assert data["distortion"][0][results.corruptions.index("smoke")][4] == pytest.approx(1 - ssim / 100)


def test_the_comparison_equals_the_results(page, usual_content):
    results, text = page
    found = compare(results, ("miou",), usual_content.pairwise_comparison.against, QUICK).differences
    for row in found[found["category"] == "blur"].itertuples():
        assert f"{row.difference:+.2f}".replace("-", "−") in text
        assert f"interval {row.low:+.2f} to {row.high:+.2f}".replace("-", "−") in text


def test_failures_equal_the_results(page):
    results, text = page
    table = results.failures(0.5)
    for model in results.models:
        for task in ("segmentation", "activity"):
            silent, failed = (table.loc[("mean", "all"), (f"{task}_{what}", model)] for what in ("silent", "failed"))
            assert f"{silent:.2f} <small>({failed:.2f})</small>" in text


def test_the_page_is_complete_and_asks_for_nothing(page):
    _, text = page
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    parsed = Page(text)
    assert parsed.open == []
    assert not {"link", "iframe", "object", "embed", "base"} & set(parsed.tags)
    assert parsed.tags.count("script") == 2


def test_the_page_is_small(page):
    assert len(page[1].encode()) < 8_000_000


def test_names_are_text_wherever_they_stand(make_run):
    def rename(frame, info):
        info["name"] = info["data"]["name"] = HOSTILE
        info["notes"] = [HOSTILE]
        info["data"]["classes"] = ["background", HOSTILE, HOSTILE]
        info["failures"] = [{"id": HOSTILE, "reason": HOSTILE}]
        info["models"][0]["spec"] = HOSTILE
        info["corruptions"][0]["cause"] = HOSTILE
        frame["image_id"] = HOSTILE + frame["image_id"]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke"], edit=rename)
    page = Page(html(content(results, QUICK)))
    assert page.tags.count("script") == 2
    assert page.text.count(HOSTILE) >= 12
    assert any(value == HOSTILE for value in page.values)


def test_a_corruption_of_the_users_own_is_text_too(make_run):
    results = make_run(models=["a"], corruptions=["<b>fog", "smoke"])
    page = Page(html(content(results, QUICK)))
    assert "<b>fog" in page.text
    assert "Custom" in page.text


def test_ids_are_unique_and_every_link_lands(page):
    _, text = page
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert set(re.findall(r'aria-labelledby="([^"]+)"', text)) <= set(ids)


def test_pictures_and_figures_have_words(page):
    _, text = page
    assert all("alt=" in tag for tag in re.findall(r"<img [^>]*>", text))
    drawings = re.findall(r"<svg [^>]*>", text)
    assert all('role="img" aria-label=' in tag or 'aria-hidden="true"' in tag for tag in drawings)


@pytest.mark.parametrize(
    ("models", "corruptions", "severities"), [(1, ["smoke"], [3]), (12, ["smoke", "contrast"], [1, 2])]
)
def test_small_and_wide_runs(make_run, models, corruptions, severities):
    names = [f"model {index}" for index in range(models)]
    text = Page(html(content(make_run(models=names, corruptions=corruptions, severities=severities), QUICK))).text
    assert all(name in text for name in names)
    assert not re.search(r"\bnan\b|\bNone,|undefined", text)


def test_without_gallery_masks_or_anything(make_run, unscored):
    text = Page(html(content(make_run(gallery=False, edit=unscored), QUICK))).text
    assert "no scores" in text
    assert not re.search(r"\bnan\b", text)
    assert "Where the numbers come from" in text


def test_failures_notes_and_missing_conditions_are_told(make_run):
    def lose(frame, info):
        info["failures"] = [{"id": "2/broken.png", "reason": reason} for reason in ("Truncated file", "No mask")]
        return frame.drop(frame.index[(frame["corruption"] == "smoke") & (frame["severity"] == 3)])

    text = Page(html(content(make_run(corruptions=["smoke", "contrast"], edit=lose), QUICK))).text
    assert "1 frame left out" in text
    assert "Truncated file" in text
    assert "The activity is a proxy." in text
    assert "Smoke at severity 3" in text


def test_the_same_run_gives_the_same_bytes(make_run):
    results = make_run(corruptions=["smoke"])
    assert html(content(results, QUICK)) == html(content(results, QUICK))
