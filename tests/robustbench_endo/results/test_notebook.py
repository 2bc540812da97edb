"""A run in a notebook: the numbers of its table, names as text."""

import re
from html import unescape

import numpy as np

HOSTILE = '<script>alert("x")</script>'


def test_the_table_holds_the_numbers(make_results):
    results = make_results()
    shown = results._repr_html_()
    found = re.findall(r"<td [^>]*>(.*?)</td>", shown)
    assert found == [f"{value:.2f}" for value in results.table().to_numpy(float).ravel()]
    assert "Activity accuracy (%)" in shown


def test_names_are_text(make_results):
    shown = make_results(models=(HOSTILE, "b"))._repr_html_()
    assert "<script>" not in shown
    assert HOSTILE in unescape(shown)


def test_absent_numbers_are_dashes(make_results):
    results = make_results()
    results.frame.loc[results.frame["corruption"] == "smoke", "activity_prediction"] = -1
    assert ">–</td>" in results._repr_html_()
    measured = [name for name in results.frame if name.startswith(("tp_", "fp_", "fn_"))]
    results.frame.loc[:, measured] = 0
    results.frame["activity_target"] = np.int16(-1)
    fresh = type(results)(results.frame, results.info)
    assert "No scores" in fresh._repr_html_()
