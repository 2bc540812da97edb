"""The pack to read: every row and gap, every name escaped, nothing loaded."""

import re

import pytest

from robustbench_endo.evidence.page import html_page, markdown_page


@pytest.fixture(scope="module")
def pages(pack):
    return html_page(pack.content, pack.rows), markdown_page(pack.content, pack.rows)


def test_pages_have_every_row_gap_and_statement(pages, pack):
    for page in pages:
        assert pack.content["statement"] in page
        for row in pack.rows:
            assert page.count(row.records_sha256) >= 1
        for gap in pack.gaps:
            assert gap.reason in page
        assert "2 of 4 hazards are traced to results; not covered: 2. " in page
        assert "12" in page
    assert "EU AI Act, Article 15" in pages[0]


def test_names_are_escaped(pages):
    page, text = pages
    assert "Smoke &lt;hides&gt; the tip" in page
    assert "Smoke &lt;hides&gt; the tip" in text
    assert "<hides>" not in page + text


def test_html_page_loads_nothing(pages):
    assert not re.search(r"(src|href)=|url\(|<script", pages[0])
    assert "default-src 'none'" in pages[0]
    assert pages[0].count("<h1>") == 1


def test_failed_checks_are_printed(pack):
    content = {**pack.content, "validation": {**pack.content["validation"]}}
    content["validation"]["replay"] = [{"name": "frames", "passed": False, "problem": "x.png differs."}]
    assert "| frames | FAILED: x.png differs. |" in markdown_page(content, pack.rows)
