import json

import pytest

from robustbench_endo.results import METRICS, Results
from robustbench_endo.results.table import row_formulas


def test_table_has_the_shape_of_the_papers(make_results):
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


def test_groups_of_a_users_own_come_last():
    rows = row_formulas({"x": "weather", "smoke": "occlusion"})
    assert [key for key in rows if key[0] == "mean"] == [("mean", "occlusion"), ("mean", "weather"), ("mean", "all")]


def test_a_model_without_rows_is_not_a_number_in_the_table(results):
    other = {**results.info, "models": [*results.info["models"], {"name": "absent"}]}
    assert Results(results.frame, other).table()["miou", "absent"].isna().all()


def test_a_missing_severity_leaves_the_mean_of_the_others(results):
    frame = results.frame[~((results.frame["corruption"] == "smoke") & (results.frame["severity"] == 3))]
    scores = results.scores().set_index(["model", "corruption", "severity"])["miou"]
    found = Results(frame, results.info).table(("miou",))["miou", "a"]["occlusion", "smoke"]
    assert found == pytest.approx(scores["a", "smoke", 1])


def test_a_metric_of_the_users_own(results):
    own = Results(results.frame.assign(tip_error=1.5), results.info)
    assert (own.scores()["tip_error"] == 1.5).all()
    assert (own.table(["tip_error"]) == 1.5).all(axis=None)


def test_every_quantity_describes_itself():
    for quantity in METRICS.values():
        assert quantity.description.endswith(".")
        assert (quantity.scale == 100) == quantity.unit.startswith("%")


def test_the_protocol_is_known(results):
    assert results.protocol == "standard"
    assert json.dumps(dict(results.info))
