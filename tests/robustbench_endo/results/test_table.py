"""The table in the form of Table VII, and its HTML for notebooks."""

import re
from html import unescape

import numpy as np
import pytest

from robustbench_endo.results import Results
from robustbench_endo.results.table import row_formulas

HOSTILE = '<script>alert("x")</script>'


def test_table_rows_are_those_of_table_vii(make_results):
    results = make_results(corruptions=("smoke", "contrast", "saturate"))
    table = results.table(("miou",))
    assert list(table.index) == [
        ("clean", "clean"),
        ("occlusion", "smoke"),
        ("digital", "contrast"),
        ("digital", "saturate"),
        ("mean", "occlusion"),
        ("mean", "digital"),
        ("mean", "all"),
    ]
    scores = results.scores().query("model == 'a'").groupby("corruption")["miou"].mean()
    values = table["miou", "a"]
    assert values["digital", "saturate"] == pytest.approx(scores["saturate"])
    assert values["mean", "digital"] == pytest.approx(scores[["contrast", "saturate"]].mean())
    assert values["mean", "all"] == pytest.approx(scores.drop("clean").mean())


def test_row_formulas_list_custom_categories_last():
    rows = row_formulas({"x": "weather", "smoke": "occlusion"})
    assert [key for key in rows if key[0] == "mean"] == [("mean", "occlusion"), ("mean", "weather"), ("mean", "all")]


def test_table_of_model_without_records_is_nan(results):
    other = {**results.info, "models": [*results.info["models"], {"name": "absent"}]}
    assert Results(results.frame, other).table()["miou", "absent"].isna().all()


def test_table_mean_excludes_missing_severity(results):
    frame = results.frame[~((results.frame["corruption"] == "smoke") & (results.frame["severity"] == 3))]
    scores = results.scores().set_index(["model", "corruption", "severity"])["miou"]
    mean = Results(frame, results.info).table(("miou",))["miou", "a"]["occlusion", "smoke"]
    assert mean == pytest.approx(scores["a", "smoke", 1])


def test_html_table_contains_the_numbers(make_results):
    results = make_results()
    page = results._repr_html_()
    cells = re.findall(r"<td [^>]*>(.*?)</td>", page)
    assert cells == [f"{value:.2f}" for value in results.table().to_numpy(float).ravel()]
    assert "Activity accuracy (%)" in page


def test_html_table_escapes_names(make_results):
    page = make_results(models=(HOSTILE, "b"))._repr_html_()
    assert "<script>" not in page
    assert HOSTILE in unescape(page)


def test_html_table_shows_dash_for_missing_number(make_results):
    results = make_results()
    results.frame.loc[results.frame["corruption"] == "smoke", "activity_prediction"] = -1
    assert ">–</td>" in results._repr_html_()
    counts = [name for name in results.frame if name.startswith(("tp_", "fp_", "fn_"))]
    results.frame.loc[:, counts] = 0
    results.frame["activity_target"] = np.int16(-1)
    fresh = type(results)(results.frame, results.info)
    assert "No scores" in fresh._repr_html_()
