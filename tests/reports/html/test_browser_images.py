"""Images and masks of the page in a real browser."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.results import Resampling

pytestmark = pytest.mark.browser
QUICK = Resampling(resamples=200)


def test_images_show_selected_condition(page, usual_run):
    page.locator("#bar-group").select_option(label="Contrast")
    page.locator("#bar-severity").select_option("4")
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
    page.locator("#bar-reset").click()


def test_images_offer_recorded_conditions(visit, annotated_run):
    page = visit(html(report_data(annotated_run, QUICK)))
    chooser = page.locator("#image-recorded")
    assert chooser.locator("option").all_inner_texts() == ["none", "Recorded smoke"]
    chooser.select_option("Recorded smoke")
    assert page.locator("#stage-title").inner_text() == "Recorded smoke (recorded condition)"
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length == 2")
    frame = annotated_run.gallery()[0]
    target, prediction = frame.target("recorded_smoke", 1), frame.prediction("first", "recorded_smoke", 1)
    missed = int(page.locator("#stage canvas").first.get_attribute("data-missed"))
    assert missed == ((target > 0) & (prediction == 0)).sum() > 0
    chooser.select_option("none")
    page.locator("#bar-group").select_option(label="Smoke")
    page.locator("#bar-severity").select_option("1")
    assert page.locator("#stage-title").inner_text() == "Smoke, severity 1"
    page.locator("#bar-reset").click()
    page.locator("summary", has_text="All conditions").click()
    page.locator(".grid-table tr[data-row='Spatter'] .stored").first.click()
    page.keyboard.press("ArrowDown")
    assert page.locator("#viewer-title").inner_text() == "Recorded smoke (recorded condition)"
    assert page.messages == []
    page.close()


def test_image_viewer_steps_with_keyboard(page):
    page.locator("summary", has_text="All conditions").click()
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
