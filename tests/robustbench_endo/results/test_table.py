"""The table in the form of Table VII."""

import pytest

from robustbench_endo.results import Results
from robustbench_endo.results.table import row_formulas


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
