"""The page in a real browser: its controls work, nothing is logged, nothing is loaded."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html import html
from robustbench_endo.results import Resampling

pytestmark = pytest.mark.browser
QUICK = Resampling(resamples=200)
HOSTILE = "<script>document.title='broken'</script> \"'&amp; 手術 é"
TEXTS = (
    "cells => cells.map(cell => [...cell.firstChild.childNodes].find(node => node.nodeType === 3).textContent.trim())"
)
BARS = """rows => rows.map(row => [...row.querySelectorAll(".n")].map(cell => cell.textContent))"""


def visible(page, selector):
    return [cell.inner_text().strip() for cell in page.locator(selector).all() if cell.is_visible()]


def column(page, kind):
    return [float(text) for text in page.locator(f"#score-table tr.{kind} td:nth-of-type(1)").evaluate_all(
        "cells => cells.map(cell => cell.dataset.v)")]  # fmt: skip


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_page_has_no_violations_in_light_and_dark(visit, text, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(text, viewport={"width": width, "height": 900}, color_scheme="light")
    page.wait_for_function("document.querySelectorAll('#stage canvas[data-missed]').length > 0")
    for scheme, expected in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 26)")):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == expected
        violations = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:150]) for each in violations] == []
    assert page.messages == []
    assert [url for url in page.requests if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in page.requests if url.startswith("file:")]) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 1440:
        assert page.evaluate("document.documentElement.scrollHeight") <= 9000
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
    assert page.locator("#curve path.floor").count() == 1
    assert page.locator("#panels path.floor").count() == 19
    page.locator("#curve-axis").select_option("distortion")
    assert page.locator("#curve path.floor").count() == 0
    page.locator("#curve-axis").select_option("severity")
    page.locator("#bar-task").select_option("")
    page.locator("#bar-metric").select_option("image_ssim")
    assert page.locator("#curve path.floor").count() == 0
    page.locator("#bar-reset").click()


def test_score_table_sorts_by_name(page):
    button = page.locator("#score-table thead tr:nth-child(2) button").first
    button.click()
    names = page.locator("#score-table tr.corruption th").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    button.click()
    button.click()


def test_score_table_shows_selected_metric(page, usual_run):
    first = visible(page, "#score-table tr.mean td")
    page.locator("#bar-metric").select_option(label="HD95 (px)")
    mean = usual_run.table(("hd95",)).loc[("mean", "all"), "hd95"]
    printed = page.locator("#score-table tr.mean td").evaluate_all(
        "cells => cells.map(c => c.querySelector('.cell').firstChild.textContent)"
    )
    assert printed == [f"{mean[model]:.2f}" for model in usual_run.models]
    page.locator("#bar-reset").click()
    assert visible(page, "#score-table tr.mean td") == first


def test_bar_changes_every_section(page, usual_run):
    page.locator("#bar-group").select_option(label="Blur")
    page.locator("#bar-severity").select_option("4")
    page.locator("#bar-models summary").click()
    page.locator("#bar-model-list input").nth(1).uncheck()
    page.keyboard.press("Escape")
    page.locator("#bar-metric").select_option("dice")
    models = [usual_run.models[0], usual_run.models[2]]
    scores = usual_run.scores().set_index(["corruption", "severity", "model"])["dice"]
    names = [name for name, category in usual_run.corruption_categories.items() if category == "blur"]
    texts = page.locator("#score-table tr.corruption td .cell").evaluate_all(
        "all => all.map(e => e.firstChild.textContent)"
    )
    assert texts == [f"{scores[name, 4, model]:.2f}" for name in names for model in models]
    assert page.locator("#panels figcaption").all_inner_texts() == [row_name(name) for name in names]
    assert page.locator("#curve .series").count() == page.locator("#curve-legend li").count() == 2
    assert page.locator("#curve path.cursor").count() == 1
    assert page.locator("#stage-title").inner_text() in [f"{row_name(name)}, severity 4" for name in names]
    assert page.locator("#stage .view .duo, #stage .duo").count() == 2
    for table in ("#envelope", "#silent-failures table", "#calibration table"):
        assert page.locator(f"{table} >> nth=0").locator("thead th:visible").count() == 1 + len(models)
    assert page.locator("#envelope tbody tr:visible").count() == len(names)
    assert page.locator("#comparison [data-metric]:visible").count() == 1
    assert page.locator("#bar-status").inner_text() == "Shown: Dice (%), 2 of 3 models, Blur, severity 4."
    page.locator("#bar-reset").click()
    assert page.locator("#score-table tr.corruption").count() == 19


def row_name(name):
    text = name.replace("_", " ").replace("jpeg", "JPEG")
    return text[:1].upper() + text[1:]


def test_address_restores_the_selection(visit, text):
    page = visit(text)
    page.locator("#bar-metric").select_option("dice")
    page.locator("#bar-group").select_option(label="Smoke")
    page.locator("#bar-severity").select_option("2")
    page.locator("#safe-threshold").fill("61")
    page.locator("nav a", has_text="Scores").click()
    address = page.url
    assert address.endswith("#metric=dice&corruption=smoke&severity=2&threshold=61&at=scores")
    page.goto("about:blank")
    page.goto(address)
    assert page.locator("#bar-status").inner_text() == "Shown: Dice (%), all 3 models, Smoke, severity 2."
    assert page.locator("#safe-threshold").input_value() == "61"
    assert page.evaluate("scrollY") > 300
    page.goto("about:blank")
    page.goto(
        address.partition("#")[0] + "#metric=none&models=9.x&noise=1&corruption=fog&severity=8&cell=7.7.7&at=no&axis=z"
    )
    assert page.locator("#bar-status").inner_text() == (
        "Shown: mIoU (%), all 3 models, all corruptions, mean of all severities."
    )
    assert not page.locator("dialog[open]").count()
    assert page.messages == []
    page.close()


def test_number_opens_its_frames_and_returns_the_focus(page, usual_run):
    button = page.locator("#score-table tr", has_text="Smoke").locator(".cell").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("#cell-title").inner_text() == f"{usual_run.models[1]} · Smoke, severity 5"
    page.keyboard.press("ArrowLeft")
    assert page.locator("#cell-title").inner_text() == f"{usual_run.models[1]} · Smoke, severity 4"
    assert page.url.endswith(f"#cell=1.{usual_run.corruptions.index('smoke')}.4")
    scores = (
        usual_run.scores(QUICK).set_index(["corruption", "severity", "model"]).loc[("smoke", 4, usual_run.models[1])]
    )
    cells = page.locator("#cell-body tr.current td").all_inner_texts()
    assert cells[:2] == [f"{scores['miou']:.2f}", f"{scores['miou_low']:.2f} to {scores['miou_high']:.2f}"]
    frame = usual_run.frame
    rows = frame[(frame["model"] == usual_run.models[1]) & (frame["corruption"] == "smoke") & (frame["severity"] == 4)]
    worst, best = (rows.loc[index] for index in (rows["dice_mean"].idxmin(), rows["dice_mean"].idxmax()))
    items = page.locator("#cell-body .extremes li").all_inner_texts()
    assert items[0].startswith(f"Worst Dice {100 * worst['dice_mean']:.2f} %\n{worst['image_id']}")
    assert items[2].startswith(f"Best Dice {100 * best['dice_mean']:.2f} %\n{best['image_id']}")
    assert "--keep-frames N" in page.locator("#cell-body").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#cell").is_visible()
    assert button.evaluate("element => element === document.activeElement")


def test_downloads_have_the_numbers_of_the_results(page, usual_run, tmp_path):
    def download(selector):
        with page.expect_download() as event:
            page.locator(selector).first.click()
        path = tmp_path / event.value.suggested_filename
        event.value.save_as(path)
        return path

    path = download("#score-tools [data-kind=csv]")
    assert path.name == "synthetic_scores_miou.csv"
    stored = pd.read_csv(path).set_index(["category", "corruption"])
    table = usual_run.table(("miou",))["miou"]
    for model in usual_run.models:
        assert stored.loc[table.index, model].tolist() == table[model].tolist()
    curve = pd.read_csv(download("#panel-tools [data-kind=csv]")).set_index(["corruption", "model", "severity"])
    scores = usual_run.scores().set_index(["corruption", "model", "severity"])["miou"]
    assert curve.loc[("Smoke", usual_run.models[0], 3), "miou"] == scores["smoke", usual_run.models[0], 3]
    svg = download("#curve-tools [data-kind=svg]").read_text("utf-8")
    root = ElementTree.fromstring(svg)
    assert "var(" not in svg
    assert {usual_run.models[0], "mIoU (%)"} <= {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    with Image.open(download("#panel-tools [data-kind=png]")) as image:
        assert image.width > 1000
        assert len(image.convert("RGB").getcolors(2**24)) > 10
    assert pd.read_csv(download("#comparison .tools [data-kind=csv]")).shape[1] == 1 + 3 * 2


def test_score_table_keyboard_shows_intervals(page):
    cell = page.locator("#score-table tbody [tabindex='0']")
    assert cell.count() == 1
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    position = page.evaluate(
        "[document.activeElement.closest('tr').sectionRowIndex, document.activeElement.closest('td').cellIndex]"
    )
    assert position == [1, 2]
    tip = page.locator("#score-table :focus .tip")
    assert tip.inner_text().startswith("interval ")
    assert tip.bounding_box()["width"] > 50


def test_category_bars_show_selected_metric(page, usual_run):
    page.locator("#bar-metric").select_option("dice")
    table = usual_run.table(("dice",))["dice"]
    keys = [("clean", "clean"), *(("mean", name) for name in ("noise", "blur", "occlusion", "digital", "all"))]
    expected = [[f"{table.loc[key, model]:.2f}" for model in usual_run.models] for key in keys]
    assert page.locator("#category-bars tbody tr").evaluate_all(BARS) == expected
    page.locator("#bar-reset").click()


def test_curves_show_selected_panel(page, usual_run):
    page.locator("#bar-task").select_option("activity")
    page.locator("#bar-group").select_option(label="Smoke")
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
    page.locator("#curve-axis").select_option("severity")
    page.locator("#bar-reset").click()


@pytest.mark.parametrize(("metric", "field", "threshold"), [("miou", "50", 0.5), ("hd95", "45", 45.0)])
def test_safe_range_equals_results(page, usual_run, metric, field, threshold):
    page.locator("#bar-metric").select_option(metric)
    page.locator("#safe-metric").select_option("bar")
    page.locator("#safe-threshold").fill(field)
    expected = usual_run.envelope({metric: threshold}, QUICK).set_index(["corruption", "model"])
    texts = page.locator("#envelope tbody td").evaluate_all(TEXTS)
    rows = [expected.loc[c, m] for c in usual_run.corruptions for m in usual_run.models]
    words = {0: "clean only", -1: "not even clean"}
    severities = [-1 if pd.isna(row["severity"]) else int(row["severity"]) for row in rows]
    assert texts == [words.get(severity, f"to {severity}") for severity in severities]
    assert len(set(texts)) > 2
    page.locator("#bar-reset").click()


def test_page_shows_hostile_names_as_text(visit, make_run):
    def rename(frame, info):
        info["name"] = HOSTILE
        frame["image_id"] = HOSTILE + frame["image_id"]

    results = make_run(models=[HOSTILE, "b"], corruptions=["smoke", "<b>fog"], severities=[1], edit=rename)
    page = visit(html(report_data(results, QUICK)))
    assert page.title() == f"Robustness of {HOSTILE}"
    assert page.locator("h1").inner_text() == HOSTILE
    page.locator("#bar-group").select_option(label="<b>fog")
    assert page.locator("#curve-numbers th").nth(1).text_content() == HOSTILE
    assert page.messages == []
    page.close()


def test_page_is_readable_without_scripts(visit, text, usual_run):
    page = visit(text, java_script_enabled=False)
    assert page.locator("#score-table tr.mean td").first.is_visible()
    assert page.locator("#envelope td").first.is_visible()
    assert page.locator(".grid-table .stored img").first.is_visible()
    assert not page.locator("#bar").is_visible()
    page.close()


def test_page_without_images_or_scores_opens(visit, make_run, unscored):
    page = visit(html(report_data(make_run(gallery=False, edit=unscored, frames=1), QUICK)))
    assert page.messages == []
    assert "Not defined" in page.locator("#silent-failures").inner_text()
    page.close()


def test_every_figure_offers_its_numbers_and_images(page):
    figures = page.locator("figure:visible, figure[data-figure], #panel-part, #categories").evaluate_all(
        """parts => parts.filter(part => !part.closest("#panels")).map(part => [part.dataset.figure || part.id,
        [...part.querySelectorAll("[data-kind]")].map(button => button.dataset.kind).join(" ")])"""
    )
    assert len(figures) >= 7
    assert [name for name, kinds in figures if kinds != "csv svg png"] == []
    page.evaluate("for (const part of document.querySelectorAll('#rankings details, .part')) part.open = true")
    with page.expect_download() as event:
        page.locator('figure[data-figure="rankings:2"] [data-kind=csv]').click()
    assert pd.read_csv(event.value.path()).columns.tolist() == ["metric", "model", "other", "p", "p_holm", "better"]
    with page.expect_download() as event:
        page.locator("#category-tools [data-kind=svg]").click()
    root = ElementTree.parse(event.value.path()).getroot()
    assert len(root.findall(".//{http://www.w3.org/2000/svg}rect")) == 1 + 6 * 3
    assert page.locator("#categories svg.plot").count() == 0
    page.evaluate("for (const part of document.querySelectorAll('.part')) part.open = false")
