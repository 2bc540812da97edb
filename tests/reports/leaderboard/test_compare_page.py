"""The page of a comparison holds the numbers of the comparison, and says why runs cannot be compared."""

from __future__ import annotations

import dataclasses
import re
from html import unescape

import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.reports.formatting import p_text
from robustbench_endo.reports.leaderboard import compare_page
from robustbench_endo.reports.write import write_comparison
from robustbench_endo.results import Bootstrap, compare

BOOTSTRAP = Bootstrap(resamples=300)


@pytest.fixture
def runs(make_run):
    one = make_run(models=["a", "<b>"], corruptions=["smoke", "contrast"], severities=[1, 3], frames=12, gallery=False)
    return [one, dataclasses.replace(one, info={**one.info, "name": "again"})]


def test_every_difference_and_rank_is_on_the_page(runs):
    page = compare_page(runs, ["miou"], None, BOOTSTRAP)
    found = compare(runs, ["miou"], None, BOOTSTRAP)
    text = unescape(re.sub(r"<[^>]*>", " ", page)).replace("−", "-")
    text = re.sub(r"\s+", " ", text)
    for row in found.differences.itertuples():
        p = row.p if row.category in ("clean", "mean") else row.p_holm
        for part in (f"{abs(row.difference):.2f}", f"{abs(row.low):.2f}", f"{abs(row.high):.2f}", f"p {p_text(p)}"):
            assert part in text
    for row in found.ranks.itertuples():
        assert f"{row.model} {row.rank:.2f} {row.low:.2f} to {row.high:.2f}" in text
    assert found.unit in text


def test_names_are_text_and_nothing_is_loaded(runs):
    page = compare_page(runs, ["miou"], "again/<b>", BOOTSTRAP)
    assert "<b>" not in page
    assert "again/&lt;b&gt;" in page
    assert not re.search(r'(src|href)="(?!#)', page)


def test_runs_of_other_pictures_are_refused(runs):
    other = dataclasses.replace(runs[1], info={**runs[1].info, "seed": 8})
    with pytest.raises(RunError, match="seed is '7' in invented and '8' in again"):
        compare_page([runs[0], other], ["miou"], None, BOOTSTRAP)


def test_a_file_or_a_folder(runs, tmp_path):
    assert write_comparison(runs, tmp_path / "new", ["miou"], None, BOOTSTRAP) == tmp_path / "new" / "compare.html"
    named = write_comparison(runs, tmp_path / "page.html", ["miou"], None, BOOTSTRAP)
    assert named.read_text("utf-8").startswith("<!doctype html>")
    with pytest.raises(RobustEndoError, match=r"a file ending in \.html for the comparison, got .*page\.pdf"):
        write_comparison(runs, tmp_path / "page.pdf", ["miou"], None, BOOTSTRAP)
