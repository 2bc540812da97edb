"""A run in a notebook: table and severity curves as HTML."""

import re
from dataclasses import replace
from html import unescape

import numpy as np

from robustbench_endo.results import notebook

HOSTILE = '<script>alert("x")</script>'


def test_notebook_html_contains_the_numbers(results):
    page = results._repr_html_()
    cells = re.findall(r"<td [^>]*>(.*?)</td>", page)
    assert cells == [f"{value:.2f}" for value in results.table(("miou", "accuracy")).to_numpy(float).ravel()]
    assert "Activity accuracy (%)" in page
    assert "95 % intervals from 12 subjects" in page


def test_notebook_html_marks_best_and_worst(results):
    page = results._repr_html_()
    table = results.table(("miou", "accuracy"))
    cells = re.findall(r"<td style=\"([^\"]*)\">(.*?)</td>", page)
    bold = {f"{position}" for position, (style, _) in enumerate(cells) if "bold" in style}
    best = table["miou"].round(2).eq(table["miou"].round(2).max(axis=1), axis=0).to_numpy()
    assert {str(4 * row + column) for row, column in zip(*np.nonzero(best), strict=True)} <= bold
    worst = f"{np.nanmin(table['miou'].to_numpy()):.2f}"
    assert any("rgba(224,108,31,0.42)" in style and text == worst for style, text in cells)


def test_notebook_html_has_curves_in_page_colours(results):
    page = results._repr_html_()
    assert page.count("<svg") == 1
    assert "--ink:currentColor" in page
    assert "<style" not in page
    assert len(page) < 60_000


def test_notebook_html_without_figure_still_has_the_table(results, monkeypatch):
    monkeypatch.setattr(notebook, "MAX_FIGURE", 10)
    assert "<svg" not in results._repr_html_()
    monkeypatch.setattr(type(results), "plot", property(lambda self: 1 / 0))
    page = results._repr_html_()
    assert "<table" in page
    assert "<svg" not in page


def test_notebook_html_escapes_names(make_results):
    page = make_results(models=(HOSTILE, "b"))._repr_html_()
    assert "<script>" not in page
    assert HOSTILE in unescape(page)


def test_notebook_html_has_a_dash_for_a_missing_number(make_results):
    results = make_results()
    results.frame.loc[results.frame["corruption"] == "smoke", "activity_prediction"] = -1
    assert ">–</td>" in results._repr_html_()
    counts = [name for name in results.frame if name.startswith(("tp_", "fp_", "fn_"))]
    results.frame.loc[:, counts] = 0
    results.frame["activity_target"] = np.int16(-1)
    assert "No scores" in replace(results)._repr_html_()
