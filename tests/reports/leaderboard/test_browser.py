"""The leaderboard in a real browser: it sorts, filters, links to the reports and loads nothing."""

from __future__ import annotations

import shutil

import pytest

from robustbench_endo.reports.leaderboard import write_site

pytestmark = pytest.mark.browser
HOSTILE = "<script>document.title='broken'</script> \"'&amp; 手術"


@pytest.fixture(scope="module")
def site(annotated_run, change, tmp_path_factory):
    """Two boards: two runs by the standard protocol, one with a hostile name, and one by the protocol endoarss."""
    root = tmp_path_factory.mktemp("runs")
    for name, entries in (("one", {}), ("two", {"name": HOSTILE}), ("three", {"protocol": "endoarss"})):
        shutil.copytree(annotated_run.path, root / name, ignore=shutil.ignore_patterns("report.html"))
        change(root / name, **entries)
    (root / "one" / "report.html").write_text("<title>the report of one</title>")
    return write_site(root, tmp_path_factory.mktemp("site"), allow_unverified=True)


@pytest.fixture
def page(visit, site):
    page = visit(site)
    yield page
    page.close()


def column(board, index):
    return [row.locator("td, th").nth(index).inner_text().split()[0] for row in board.locator("tbody tr").all()]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_site_opens_without_errors_and_loads_nothing(visit, site, width, scheme):
    page = visit(site, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.messages == []
    assert page.requests == [site.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("[data-board]").count() == 4
    page.close()


def test_site_sorts_and_restores_order(page, annotated_run):
    board = page.locator("[data-board][data-protocol='standard']").first
    first = column(board, 1)
    head = board.locator("thead th").nth(3)
    assert head.inner_text().splitlines() == ["mIoU", "corrupted (%)"]
    for order, reverse in (("descending", True), ("ascending", False)):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == order
        numbers = [float(text) for text in column(board, 3)]
        assert numbers == sorted(numbers, reverse=reverse)
        assert len(set(numbers)) == len(annotated_run.models)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") is None
    assert column(board, 1) == first


def test_site_filter_shows_selected_boards(page):
    page.locator("select[data-filter='protocol']").select_option("endoarss")
    visible = [
        board.get_attribute("data-protocol") for board in page.locator("[data-board]").all() if board.is_visible()
    ]
    assert visible == ["endoarss"] * 2
    page.locator("select[data-filter='protocol']").select_option("")
    assert all(board.is_visible() for board in page.locator("[data-board]").all())


def test_site_link_opens_report_and_names_are_text(page):
    assert HOSTILE in page.locator("[data-board]").first.inner_text()
    assert "broken" not in page.title()
    page.locator("a", has_text="synthetic").first.click()
    page.wait_for_url("**/reports/one.html")
    assert page.title().startswith("Robustness of")
    assert page.messages == []


def test_search_and_filters_hide_rows_and_empty_boards(page, annotated_run):
    first, second = annotated_run.models
    rows = page.locator("[data-row]")
    total = rows.count()
    page.locator("[data-search]").fill(f"{second} SEGM")
    visible = [row.locator("th").inner_text() for row in rows.all() if row.is_visible()]
    assert set(visible) == {second}
    assert len(visible) < total
    assert page.locator("[data-count]").inner_text().startswith(f"{len(visible)} of {total} entries")
    page.locator("[data-search]").fill(f"{first} nowhere")
    assert not any(board.is_visible() for board in page.locator("[data-board]").all())
    page.locator("[data-search]").fill("")
    page.locator("select[data-filter='task']").select_option("Activity")
    tasks = {board.get_attribute("data-task") for board in page.locator("[data-board]").all() if board.is_visible()}
    assert tasks == {"Activity"}


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_axe_finds_no_violation(visit, site, width, scheme):
    # The package carries axe-core (MPL-2.0), which is a tool of the tests and is not distributed with this project.
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(site, viewport={"width": width, "height": 800}, color_scheme=scheme)
    result = axe.Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response
    assert [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]] == []
    page.close()
