"""Numbers of every table open their frames, with the mouse and from the keyboard; those of aggregates the worst."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def reach(page, selector, index=0):
    button = page.locator(selector).nth(index)
    button.evaluate(
        "e => { for (let d = e.closest('details'); d; d = d.parentNode.closest('details')) d.open = true; }"
    )
    return button


def test_number_of_any_table_opens_its_condition(page, usual_run):
    model, smoke = usual_run.models[1], usual_run.corruptions.index("smoke")
    tables = {
        "failures-segmentation": "Smoke",
        "differences-miou": "Smoke",
        "envelope": "Smoke",
        "labels-dice-2": "Smoke",
    }
    for name, label in tables.items():
        cell = reach(page, f'table[data-table="{name}"] tr:has(th:text-is("{label}")) td[data-cell^="1.{smoke}"]')
        cell.click()
        assert page.locator("#cell-title").inner_text().startswith(f"{model} · Smoke, severity "), name
        page.keyboard.press("Escape")
    page.evaluate("document.querySelectorAll('details.part').forEach((part) => { part.open = false; })")


def test_arrow_keys_walk_through_a_table_and_enter_opens(page, usual_run):
    table = 'table[data-table="failures-segmentation"]'
    first = reach(page, f"{table} .cell[tabindex='0']")
    first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    category = next(iter(usual_run.corruption_categories.values())).capitalize()
    assert page.locator("#cell-title").inner_text() == f"{usual_run.models[0]} · {category}, all severities"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('tr').sectionRowIndex") == 1
    assert page.locator(f"{table} >> nth=0").locator("[tabindex='0']").count() == 1


def test_aggregate_opens_its_worst_frames_and_their_conditions(page, usual_run):
    model = usual_run.models[2]
    reach(
        page, f'table[data-table="first-models"] tr:has(th:has-text("{model}")) td[data-cell="2.all..0"] .cell'
    ).click()
    assert page.url.endswith("#cell=2.all.all")
    assert page.locator("#cell-title").inner_text() == f"{model} · All corruptions, all severities"
    mean = usual_run.table(("miou",)).loc[("mean", "all"), ("miou", model)]
    assert page.locator("#cell-body tr.current td").first.inner_text() == f"{mean:.2f}"
    frame = usual_run.frame
    lowest = 100 * frame[(frame["model"] == model) & (frame["corruption"] != "clean")]["dice_mean"].min()
    worst = page.locator("#cell-body .extremes li").first
    assert f"Dice {lowest:.2f} %" in worst.inner_text()
    title = f"{model} · {worst.locator('button').inner_text()}"
    worst.locator("button").click()
    assert page.locator("#cell-title").inner_text() == title
    page.locator("#cell-back").click()
    assert page.locator("#cell-title").inner_text() == f"{model} · All corruptions, all severities"
    page.locator("#cell-stronger").click()
    assert page.url.endswith("#cell=2.all.1")
    page.keyboard.press("Escape")


def test_mean_over_models_lists_the_models(page, usual_run):
    reach(page, 'table[data-table="first-worst"] td[data-cell^="all."] .cell').click()
    assert page.locator("#cell-title").inner_text().startswith("All models · ")
    assert page.locator("#cell-body tbody th").all_inner_texts() == [f" {name}" for name in usual_run.models]
    page.keyboard.press("Escape")
    assert page.messages == []


def test_first_screen_follows_the_metric_of_the_bar(page, usual_run):
    page.locator("#bar-task").select_option("activity")
    table = page.locator('table[data-table="first-models-accuracy"]')
    mean = usual_run.table(("accuracy",)).loc[("mean", "all"), "accuracy"]
    texts = table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => row.querySelector('td:nth-of-type(4)').innerText)"
    )
    assert [text.split()[0] for text in texts[:-1]] == [f"{value:.2f}" for value in mean.sort_values(ascending=False)]
    assert not page.locator('table[data-table="first-models"]').is_visible()
    assert not page.locator("[data-first-note]").is_visible()
    page.locator("#bar-severity").select_option("3")
    assert page.locator("[data-first-note]").inner_text() == (
        "This first part is over all corruptions and severities, whatever the bar selects."
    )
    page.locator("#bar-task").select_option("")
    page.locator("#bar-metric").select_option("image_ssim")
    assert page.locator("[data-first-note]").inner_text().startswith("This first part is by mIoU (%), whatever the")
    page.locator("#bar-reset").click()


def test_narrow_page_has_only_the_first_section_open(visit, text):
    page = visit(text, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollHeight") < 4000
    assert page.locator("#summary").is_visible()
    assert not page.locator("#scores").is_visible()
    page.locator("nav a", has_text="Scores").click()
    assert page.locator("#score-table .cell").first.is_visible()
    page.emulate_media(media="print")
    page.locator("#safe-range").wait_for(state="visible")
    assert page.locator(".fold").count() == 0
    page.emulate_media(media="screen")
    page.locator("#safe-range").wait_for(state="hidden")
    assert page.messages == []
    page.close()
