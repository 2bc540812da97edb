"""Every changed number of a page is named, in its data and in its text."""

import re

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.html.page_check import page_content, page_difference, page_settings
from robustbench_endo.results import Resampling


@pytest.fixture(scope="module")
def page(build_run, tmp_path_factory):
    """A page of 90 % intervals."""
    run = build_run(tmp_path_factory.mktemp("page") / "run", ["<b>one", "two"], ["smoke"], [1, 3], gallery=False)
    return html(report_data(run, Resampling(confidence=0.9)))


def difference(page, changed):
    return page_difference(changed.encode(), page.encode())


def test_changed_number_of_the_data_is_named_by_its_path(page):
    number = re.compile(r"\d+\.\d+").search(page, page.index('"scores":'))
    changed = page[: number.start()] + "99.5" + page[number.end() :]
    assert re.match(r"has another scores\.\S+ than the records give: 99\.5 instead of ", difference(page, changed))
    assert difference(page, page) == ""


def test_changed_number_of_the_text_is_named(page):
    number = re.compile(r">(\d\d\.\d+)<").search(page, page.index("<main"))
    text = difference(page, page[: number.start(1)] + "99.9" + page[number.end(1) :])
    assert text.startswith("prints another text than the records give, after ")
    assert f"99.9 instead of {number[1]}" in text


def test_page_settings_are_those_of_the_report(page):
    settings = page_settings(page.encode())
    assert settings["intervals"] is True
    assert settings["resampling"]["confidence"] == 0.9
    changed = page.replace('"confidence":0.9', '"confidence":0.95')
    assert "has another settings.resampling.confidence" in difference(page, changed)


@pytest.mark.parametrize(
    "text", ["", "<p>nothing</p>", '<script type="application/json" id="data">{}</script>', "\0\xff"]
)
def test_pages_without_data_have_no_settings(text):
    with pytest.raises(ValueError, match="no settings of a report"):
        page_settings(text.encode())


def test_page_content_has_elements_and_no_figures():
    page = '<p title="mean">a <b>1</b></p><svg id="x"><text>2</text></svg><img src="data:1" alt="c"><style>b{}</style>'
    expected = ['<p title="mean">', "a", "<b>", "1", "</b>", "</p>", '<svg id="x">', "</svg>", '<img alt="c">']
    assert page_content(page) == [*expected, "<style>", "b{}", "</style>"]


@pytest.mark.parametrize(
    "addition",
    [
        "<style>td::after{content:'99.9'}</style>",
        "</svg>99.9<svg>",
        "<svg><text>99.9</text></svg>",
        '<input value="99.9">',
        '<script id="data" type="application/json">{"scores": 99.9}</script>',
        '<script type="application/json" id="data">{"scores": 99.9}</script>',
        "<script>document.body.textContent = '99.9'</script>",
    ],
)
def test_addition_that_shows_another_number_is_noticed(page, addition):
    position = page.index("</td>")
    changed = page[:position] + addition + page[position:]
    assert difference(page, changed)
    assert difference(page, page.replace("<td", '<td style="font-size:0"', 1))
