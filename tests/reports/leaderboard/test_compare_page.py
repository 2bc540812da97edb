"""The page of a comparison: its numbers are those of the comparison, and incomparable runs are rejected."""

from __future__ import annotations

import dataclasses
import re
from html import unescape

import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.reports.formatting import p_text
from robustbench_endo.reports.leaderboard import compare_page
from robustbench_endo.reports.leaderboard.compare_page import sort_value
from robustbench_endo.results import Resampling, compare

RESAMPLING = Resampling(resamples=300)


@pytest.fixture
def runs(make_run):
    first = make_run(
        models=["a", "<b>"], corruptions=["smoke", "contrast"], severities=[1, 3], frames=12, gallery=False
    )
    return [first, dataclasses.replace(first, info={**first.info, "name": "again"})]


def p_words(p: float) -> str:
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def test_compare_page_contains_differences_and_ranks(runs):
    page = compare_page(runs, ["miou"], None, RESAMPLING)
    comparison = compare(runs, ["miou"], None, RESAMPLING)
    text = unescape(re.sub(r"<[^>]*>", " ", page)).replace("−", "-")
    text = re.sub(r"\s+", " ", text)
    for row in comparison.differences.itertuples():
        numbers = (row.difference, row.low, row.high, row.pooled_difference)
        for part in (*(f"{abs(number):.2f}" for number in numbers), p_words(row.p_adjusted)):
            assert part in text
    for row in comparison.ranks.itertuples():
        assert f"{row.model} {row.rank:.2f} {row.low:.0f} to {row.high:.0f}" in text
    assert comparison.statement in text


def test_compare_page_escapes_names_and_loads_nothing(runs):
    page = compare_page(runs, ["miou"], "again/<b>", RESAMPLING)
    assert "<b>" not in page
    assert "again/&lt;b&gt;" in page
    assert not re.search(r'(src|href)="(?!#)', page)


def test_compare_page_rejects_runs_of_other_images(runs):
    other = dataclasses.replace(runs[1], info={**runs[1].info, "seed": 8})
    with pytest.raises(RunError, match="seed is '7' in synthetic and '8' in again"):
        compare_page([runs[0], other], ["miou"], None, RESAMPLING)


def test_sort_value_is_empty_without_number():
    assert sort_value("61.20") == "61.20"
    assert sort_value("–") == ""
