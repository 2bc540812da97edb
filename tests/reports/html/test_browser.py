"""The page in a real browser: controls do what they say, no error is raised, nothing is asked for."""

from __future__ import annotations

import math

import pytest

from robustbench_endo.reports.data.report_data import content
from robustbench_endo.reports.html import html
from robustbench_endo.results import Bootstrap

QUICK = Bootstrap(resamples=200)
HOSTILE = "<script>document.title='broken'</script> \"'&amp; 手術 é"
BARS = """rows => rows.map(row => [...row.querySelectorAll(".n")].map(cell => cell.textContent))"""


@pytest.fixture(scope="module")
def text(usual_content):
    return html(usual_content)


@pytest.fixture(scope="module")
def page(visit, text):
    return visit(text)


def shown(page, selector):
    return [cell.inner_text().strip() for cell in page.locator(selector).all() if cell.is_visible()]


def column(page, kind):
    return [float(text) for text in page.locator(f"#scores tr.{kind} td:nth-of-type(1)").evaluate_all(
        "cells => cells.map(cell => cell.dataset.v)")]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_it_opens_without_complaint_and_asks_for_nothing(visit, text, width, scheme):
    page = visit(text, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length > 0")
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
    page.close()


def test_the_theme_can_be_chosen(visit, text):
    page = visit(text, color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    page.locator("#theme").click()
    assert page.evaluate(colour) == "rgb(20, 23, 26)"
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    page.close()


def test_the_table_sorts_with_means_apart_and_comes_back(page):
    before = column(page, "corruption")
    categories = column(page, "category")
    button = page.locator("#scores thead tr:nth-child(2) button").nth(1)
    button.click()
    assert page.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert column(page, "corruption") == sorted(before)
    assert column(page, "category") == sorted(categories)
    kinds = page.locator("#scores tbody tr").evaluate_all("rows => rows.map(row => row.className)")
    assert kinds == ["clean", *["corruption"] * 19, *["category"] * 4, "mean"]
    button.click()
    assert column(page, "corruption") == sorted(before, reverse=True)
    button.click()
    assert column(page, "corruption") == before
    assert page.locator("[aria-sort]").count() == 0


def test_it_sorts_by_name(page):
    button = page.locator("#scores thead tr:nth-child(2) button").first
    button.click()
    names = page.locator("#scores tr.corruption th").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    button.click()
    button.click()


def test_the_metric_switch_changes_the_numbers(page, usual_run):
    first = shown(page, "#scores tr.mean td")
    page.locator("#metric").select_option(label="HD95 (px)")
    mean = usual_run.table(("hd95",)).loc[("mean", "all"), "hd95"]
    found = page.locator("#scores tr.mean td:visible").evaluate_all("cells => cells.map(c => c.firstChild.textContent)")
    assert found == [f"{mean[model]:.2f}" for model in usual_run.models]
    page.locator("#metric").select_option(index=0)
    assert shown(page, "#scores tr.mean td") == first


def test_the_keyboard_walks_the_table_and_shows_intervals(page):
    cell = page.locator("#scores tbody td[tabindex]")
    assert cell.count() == 1
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    place = page.evaluate("[document.activeElement.parentNode.sectionRowIndex, document.activeElement.cellIndex]")
    assert place == [1, 2]
    tip = page.locator("#scores td:focus .tip")
    assert tip.inner_text().startswith("interval ")
    assert tip.bounding_box()["width"] > 50


def test_bars_follow_their_metric(page, usual_run):
    page.locator("#category-metric").select_option("dice")
    table = usual_run.table(("dice",))["dice"]
    keys = [("clean", "clean"), *(("mean", name) for name in ("noise", "blur", "occlusion", "digital", "all"))]
    expected = [[f"{table.loc[key, model]:.2f}" for model in usual_run.models] for key in keys]
    assert page.locator("#category-bars tbody tr").evaluate_all(BARS) == expected


def test_curves_show_the_chosen_panel(page, usual_run):
    page.locator("#curve-metric").select_option("accuracy")
    page.locator("#curve-panel").select_option(label="Smoke")
    page.locator("summary", has_text="The numbers of this figure").click()
    model = usual_run.models[0]
    scores = usual_run.scores(QUICK).set_index(["model", "corruption", "severity"]).loc[(model, "smoke", 3)]
    ends = f"({scores['accuracy_low']:.2f} to {scores['accuracy_high']:.2f})"
    assert (
        page.locator("#curve-numbers tr").nth(4).locator("td").first.inner_text() == f"{scores['accuracy']:.2f} {ends}"
    )
    page.locator("#curve-axis").select_option("distortion")
    assert "distortion" in page.locator("#curve svg").get_attribute("aria-label")
    assert page.locator("#curve .mark").count() == 18


@pytest.mark.parametrize(("metric", "field", "threshold"), [("miou", "50", 0.5), ("hd95", "45", 45.0)])
def test_the_envelope_is_that_of_the_results(page, usual_run, metric, field, threshold):
    page.locator("#safe-metric").select_option(metric)
    page.locator("#safe-threshold").fill(field)
    found = usual_run.envelope({metric: threshold}, QUICK)
    said = page.locator("#envelope tbody .word").all_inner_texts()
    rows = [found[(found["corruption"] == c) & (found["model"] == m)].iloc[0] for c in usual_run.corruptions
            for m in usual_run.models]  # fmt: skip
    words = {0: "clean only", -1: "not even clean"}
    severities = [-1 if row["severity"] is None or row["severity"] != row["severity"] else row["severity"] for row in
                  (row.fillna(math.nan) for row in rows)]  # fmt: skip
    assert said == [words.get(int(severity), f"to {int(severity)}") for severity in severities]
    assert len(set(said)) > 2


def test_the_gallery_shows_the_chosen_condition(page, usual_run):
    page.locator("#shot-row").select_option("Contrast")
    page.locator("#shot-severity").select_option("4")
    assert page.locator("#stage-title").inner_text() == "Contrast, severity 4"
    names = page.locator("#stage .view p span").all_inner_texts()
    assert names == ["clean frame", "Contrast, severity 4", "ground truth"] + [
        name for model in usual_run.models for name in (model, "errors")
    ]
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length == 3")
    missed, alarms, others = (
        int(page.locator("#stage canvas").first.get_attribute(f"data-{kind}")) for kind in ("missed", "false", "other")
    )
    frame = usual_run.gallery()[0]
    truth, said = frame.target("contrast", 4), frame.prediction(usual_run.models[0], "contrast", 4)
    assert missed == ((truth > 0) & (said == 0)).sum()
    assert alarms == ((truth == 0) & (said > 0)).sum()
    assert others == ((truth > 0) & (said > 0) & (truth != said)).sum()


def test_recorded_conditions_can_be_chosen_and_are_called_so(visit, told_run):
    page = visit(html(content(told_run, QUICK)))
    chooser = page.locator("#shot-row")
    assert chooser.locator("optgroup[label='Recorded conditions'] option").all_inner_texts() == ["Recorded smoke"]
    chooser.select_option("Recorded smoke")
    assert page.locator("#stage-title").inner_text() == "Recorded smoke (recorded condition)"
    assert not page.locator("#shot-severity-label").is_visible()
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length == 2")
    frame = told_run.gallery()[0]
    truth, said = frame.target("recorded_smoke", 1), frame.prediction("first", "recorded_smoke", 1)
    missed = int(page.locator("#stage canvas").first.get_attribute("data-missed"))
    assert missed == ((truth > 0) & (said == 0)).sum() > 0
    chooser.select_option("Smoke")
    assert page.locator("#stage-title").inner_text() == "Smoke, severity 1"
    page.locator(".sheet tr[data-row='Spatter'] .shot").first.click()
    page.keyboard.press("ArrowDown")
    assert page.locator("#viewer-title").inner_text() == "Recorded smoke (recorded condition)"
    assert page.complaints == []
    page.close()


def test_a_picture_opens_and_the_keyboard_steps(page):
    page.locator("#overlay").select_option("t")
    masks = page.locator(".sheet .mask:visible").evaluate_all("masks => [...new Set(masks.map(m => m.dataset.m))]")
    assert masks == ["t"]
    page.locator(".sheet .shot").nth(1).click()
    title = page.locator("#viewer-title")
    assert title.inner_text() == "Gaussian noise, severity 1"
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "Gaussian noise, severity 2"
    page.keyboard.press("ArrowDown")
    assert title.inner_text() == "Shot noise, severity 2"
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()


def test_names_are_text(visit, make_run):
    def rename(frame, info):
        info["name"] = HOSTILE
        frame["image_id"] = HOSTILE + frame["image_id"]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke", "<b>fog"], severities=[1], edit=rename)
    page = visit(html(content(results, QUICK)))
    assert page.title() == f"Robustness of {HOSTILE}"
    assert page.locator("h1").inner_text() == HOSTILE
    page.locator("#curve-panel").select_option(label="<b>fog")
    assert page.locator("#curve-numbers th").nth(1).text_content() == HOSTILE
    assert page.complaints == []
    page.close()


def test_it_can_be_read_without_scripts(visit, text, usual_run):
    page = visit(text, java_script_enabled=False)
    assert page.locator("#scores tr.mean td").first.is_visible()
    assert page.locator("#envelope td").first.is_visible()
    assert page.locator(".sheet .shot img").first.is_visible()
    assert not page.locator("#metric").is_visible()
    page.close()


def test_nothing_but_numbers_still_opens(visit, make_run, unscored):
    page = visit(html(content(make_run(gallery=False, edit=unscored, frames=1), QUICK)))
    assert page.complaints == []
    assert "Not defined" in page.locator("#silence").inner_text()
    page.close()
