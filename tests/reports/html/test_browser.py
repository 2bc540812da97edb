"""The page in a real browser: its controls work, nothing is logged, nothing is loaded."""

from __future__ import annotations

import pandas as pd
import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.results import Resampling

pytestmark = pytest.mark.browser
QUICK = Resampling(resamples=200)
HOSTILE = "<script>document.title='broken'</script> \"'&amp; 手術 é"
TEXTS = "cells => cells.map(cell => [...cell.childNodes].find(node => node.nodeType === 3).textContent.trim())"
BARS = """rows => rows.map(row => [...row.querySelectorAll(".n")].map(cell => cell.textContent))"""


@pytest.fixture(scope="module")
def text(usual_report):
    return html(usual_report)


@pytest.fixture(scope="module")
def page(visit, text):
    return visit(text)


def visible(page, selector):
    return [cell.inner_text().strip() for cell in page.locator(selector).all() if cell.is_visible()]


def column(page, kind):
    return [float(text) for text in page.locator(f"#score-table tr.{kind} td:nth-of-type(1)").evaluate_all(
        "cells => cells.map(cell => cell.dataset.v)")]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_page_opens_without_errors_and_loads_nothing(visit, text, width, scheme):
    page = visit(text, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length > 0")
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in page.requests if url.startswith("file:")]) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}[scheme]
    page.close()


def test_page_theme_can_be_selected(visit, text):
    page = visit(text, color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    page.locator("#theme").click()
    assert page.evaluate(colour) == "rgb(20, 23, 26)"
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    page.close()


def test_score_table_sorts_means_separately_and_restores_order(page):
    before = column(page, "corruption")
    categories = column(page, "category")
    button = page.locator("#score-table thead tr:nth-child(2) button").nth(1)
    button.click()
    assert page.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert column(page, "corruption") == sorted(before)
    assert column(page, "category") == sorted(categories)
    kinds = page.locator("#score-table tbody tr").evaluate_all("rows => rows.map(row => row.className)")
    assert [kind.split()[0] for kind in kinds] == ["clean", *["corruption"] * 19, *["category"] * 4, "mean", "floor"]
    button.click()
    assert column(page, "corruption") == sorted(before, reverse=True)
    button.click()
    assert column(page, "corruption") == before
    assert page.locator("[aria-sort]").count() == 0


def test_curve_has_the_floor_of_the_selected_metric(page):
    page.locator("#curve-metric").select_option("miou")
    assert page.locator("#curve path.floor").count() == 1
    page.locator("#curve-axis").select_option("distortion")
    assert page.locator("#curve path.floor").count() == 0
    page.locator("#curve-axis").select_option("severity")
    page.locator("#curve-metric").select_option("image_ssim")
    assert page.locator("#curve path.floor").count() == 0
    page.locator("#curve-metric").select_option("miou")


def test_score_table_sorts_by_name(page):
    button = page.locator("#score-table thead tr:nth-child(2) button").first
    button.click()
    names = page.locator("#score-table tr.corruption th").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    button.click()
    button.click()


def test_score_table_shows_selected_metric(page, usual_run):
    first = visible(page, "#score-table tr.mean td")
    page.locator("#metric").select_option(label="HD95 (px)")
    mean = usual_run.table(("hd95",)).loc[("mean", "all"), "hd95"]
    printed = page.locator("#score-table tr.mean td:visible").evaluate_all(
        "cells => cells.map(c => c.firstChild.textContent)"
    )
    assert printed == [f"{mean[model]:.2f}" for model in usual_run.models]
    page.locator("#metric").select_option(index=0)
    assert visible(page, "#score-table tr.mean td") == first


def test_score_table_keyboard_shows_intervals(page):
    cell = page.locator("#score-table tbody td[tabindex]")
    assert cell.count() == 1
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    position = page.evaluate("[document.activeElement.parentNode.sectionRowIndex, document.activeElement.cellIndex]")
    assert position == [1, 2]
    tip = page.locator("#score-table td:focus .tip")
    assert tip.inner_text().startswith("interval ")
    assert tip.bounding_box()["width"] > 50


def test_category_bars_show_selected_metric(page, usual_run):
    page.locator("#category-metric").select_option("dice")
    table = usual_run.table(("dice",))["dice"]
    keys = [("clean", "clean"), *(("mean", name) for name in ("noise", "blur", "occlusion", "digital", "all"))]
    expected = [[f"{table.loc[key, model]:.2f}" for model in usual_run.models] for key in keys]
    assert page.locator("#category-bars tbody tr").evaluate_all(BARS) == expected


def test_curves_show_selected_panel(page, usual_run):
    page.locator("#curve-metric").select_option("accuracy")
    page.locator("#curve-panel").select_option(label="Smoke")
    page.locator("summary", has_text="Numbers of this figure").click()
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
def test_safe_range_equals_results(page, usual_run, metric, field, threshold):
    page.locator("#safe-metric").select_option(metric)
    page.locator("#safe-threshold").fill(field)
    expected = usual_run.envelope({metric: threshold}, QUICK).set_index(["corruption", "model"])
    texts = page.locator("#envelope tbody td").evaluate_all(TEXTS)
    rows = [expected.loc[c, m] for c in usual_run.corruptions for m in usual_run.models]
    words = {0: "clean only", -1: "not even clean"}
    severities = [-1 if pd.isna(row["severity"]) else int(row["severity"]) for row in rows]
    assert texts == [words.get(severity, f"to {severity}") for severity in severities]
    assert len(set(texts)) > 2


def test_images_show_selected_condition(page, usual_run):
    page.locator("#image-row").select_option("Contrast")
    page.locator("#image-severity").select_option("4")
    assert page.locator("#stage-title").inner_text() == "Contrast, severity 4"
    names = page.locator("#stage .view p span").all_inner_texts()
    assert names == ["clean frame", "Contrast, severity 4", "ground truth"] + [
        name for model in usual_run.models for name in (model, "errors")
    ]
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length == 3")
    missed, false_alarms, others = (
        int(page.locator("#stage canvas").first.get_attribute(f"data-{kind}")) for kind in ("missed", "false", "other")
    )
    frame = usual_run.gallery()[0]
    target, prediction = frame.target("contrast", 4), frame.prediction(usual_run.models[0], "contrast", 4)
    assert missed == ((target > 0) & (prediction == 0)).sum()
    assert false_alarms == ((target == 0) & (prediction > 0)).sum()
    assert others == ((target > 0) & (prediction > 0) & (target != prediction)).sum()


def test_images_offer_recorded_conditions(visit, annotated_run):
    page = visit(html(report_data(annotated_run, QUICK)))
    chooser = page.locator("#image-row")
    assert chooser.locator("optgroup[label='Recorded conditions'] option").all_inner_texts() == ["Recorded smoke"]
    chooser.select_option("Recorded smoke")
    assert page.locator("#stage-title").inner_text() == "Recorded smoke (recorded condition)"
    assert not page.locator("#image-severity-label").is_visible()
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length == 2")
    frame = annotated_run.gallery()[0]
    target, prediction = frame.target("recorded_smoke", 1), frame.prediction("first", "recorded_smoke", 1)
    missed = int(page.locator("#stage canvas").first.get_attribute("data-missed"))
    assert missed == ((target > 0) & (prediction == 0)).sum() > 0
    chooser.select_option("Smoke")
    assert page.locator("#stage-title").inner_text() == "Smoke, severity 1"
    page.locator(".grid-table tr[data-row='Spatter'] .stored").first.click()
    page.keyboard.press("ArrowDown")
    assert page.locator("#viewer-title").inner_text() == "Recorded smoke (recorded condition)"
    assert page.messages == []
    page.close()


def test_image_viewer_steps_with_keyboard(page):
    page.locator("#overlay").select_option("t")
    masks = page.locator(".grid-table .mask:visible").evaluate_all("masks => [...new Set(masks.map(m => m.dataset.m))]")
    assert masks == ["t"]
    page.locator(".grid-table .stored").nth(1).click()
    title = page.locator("#viewer-title")
    assert title.inner_text() == "Gaussian noise, severity 1"
    page.keyboard.press("ArrowRight")
    assert title.inner_text() == "Gaussian noise, severity 2"
    page.keyboard.press("ArrowDown")
    assert title.inner_text() == "Shot noise, severity 2"
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()


def test_page_shows_hostile_names_as_text(visit, make_run):
    def rename(frame, info):
        info["name"] = HOSTILE
        frame["image_id"] = HOSTILE + frame["image_id"]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke", "<b>fog"], severities=[1], edit=rename)
    page = visit(html(report_data(results, QUICK)))
    assert page.title() == f"Robustness of {HOSTILE}"
    assert page.locator("h1").inner_text() == HOSTILE
    page.locator("#curve-panel").select_option(label="<b>fog")
    assert page.locator("#curve-numbers th").nth(1).text_content() == HOSTILE
    assert page.messages == []
    page.close()


def test_page_is_readable_without_scripts(visit, text, usual_run):
    page = visit(text, java_script_enabled=False)
    assert page.locator("#score-table tr.mean td").first.is_visible()
    assert page.locator("#envelope td").first.is_visible()
    assert page.locator(".grid-table .stored img").first.is_visible()
    assert not page.locator("#metric").is_visible()
    page.close()


def test_page_without_images_or_scores_opens(visit, make_run, unscored):
    page = visit(html(report_data(make_run(gallery=False, edit=unscored, frames=1), QUICK)))
    assert page.messages == []
    assert "Not defined" in page.locator("#silent-failures").inner_text()
    page.close()
