"""The variation of the draws in reports."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console
from scipy import stats

from robustbench_endo.reports import print_robustness
from robustbench_endo.reports.data.draws import DRAWS_NOTE, draw_tables
from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.pdf.layout import pdf
from robustbench_endo.reports.pdf.tables import report_tables
from robustbench_endo.results import Resampling

OPTIONS = {"corruptions": ["smoke", "contrast"], "severities": [1, 3], "gallery": False}


@pytest.fixture(scope="module")
def three_draws(build_run, tmp_path_factory):
    """A run with three draws of smoke: a second and third with other scores."""

    def edit(frame, info):
        info["replicates"] = 3
        smoke = frame[frame["corruption"] == "smoke"]
        draws = [smoke.assign(replicate=draw, tp_1=smoke["tp_1"] + 40 * draw) for draw in (1, 2)]
        return pd.concat((frame, *draws), ignore_index=True)

    return build_run(tmp_path_factory.mktemp("draws") / "run", edit=edit, **OPTIONS)


@pytest.fixture(scope="module")
def draws_report(three_draws):
    return report_data(three_draws, Resampling(resamples=200))


def test_draw_tables_have_the_deviation_next_to_the_error_by_subject(three_draws):
    (table,) = draw_tables(three_draws, ["miou"], Resampling())
    assert [row.label for row in table.rows] == ["Smoke", "Mean of all corruptions"]
    assert "2 subjects, 3 draws)" in table.caption
    draws = three_draws.draw_variation(("miou",))["miou"]
    ends = three_draws.table(("miou",), True)["miou"]
    for row in table.rows:
        key = (row.keys["category"], row.keys["corruption"])
        for cell, model in zip(row.cells, three_draws.models, strict=True):
            parts = [float(part) for part in cell.text.split(" / ")]
            low, high = (ends[model][part].loc[key] for part in ("low", "high"))
            expected = [draws[model]["sd"].loc[key], draws[model]["se"].loc[key]]
            expected.append((high - low) / 2 / stats.t.ppf(0.975, 1))
            assert parts == pytest.approx(expected, abs=0.006)
            assert cell.value > 0


def test_draw_tables_of_one_draw_are_empty(make_run):
    assert draw_tables(make_run(**OPTIONS), ["miou"], Resampling()) == []


def test_draw_tables_are_in_the_page_and_in_the_terminal(three_draws, draws_report, make_run):
    page = html(draws_report)
    assert '<section id="draws"' in page
    assert DRAWS_NOTE.replace("'", "&#39;") in page
    assert '<section id="draws"' not in html(report_data(make_run(models=["a"], **OPTIONS), Resampling(resamples=200)))
    console = Console(file=io.StringIO(), width=200)
    print_robustness(three_draws, console, ["miou"])
    assert "mIoU (%): variation of the draws" in console.file.getvalue()


def test_draw_tables_are_in_the_pdf(draws_report):
    pytest.importorskip("typst", reason="the extra `report` is not installed")
    assert report_tables(draws_report)["draws"]["note"] == DRAWS_NOTE
    assert pdf(draws_report).startswith(b"%PDF")
