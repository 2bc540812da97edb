"""``results.compare``: the same numbers as ``robust-endo compare``, for runs and for models of one run."""

from dataclasses import replace

import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError, UnknownNameError
from robustbench_endo.results import compare


def test_compare_with_a_run_equals_compare(make_results):
    one, other = make_results(models=("a",)), make_results(models=("b",), seed=1)
    result, expected = one.compare(other, "miou"), compare([one, other], ("miou",))
    pd.testing.assert_frame_equal(result.differences, expected.differences)
    assert result.baseline == "a"


def test_compare_without_other_is_of_the_models_of_the_run(results):
    expected = compare(results)
    pd.testing.assert_frame_equal(results.compare().pairs, expected.pairs)
    assert results.compare(metric=["miou", "hd"], baseline="b").differences["metric"].unique().tolist() == [
        "miou",
        "hd",
    ]


def test_compare_with_a_model_leaves_the_others_out(make_results):
    results = make_results(models=("a", "b", "c"))
    assert results.compare("c", "miou").models == ["a", "c"]
    assert results.compare("a", "miou").baseline == "b"
    assert results.compare("a", "miou", baseline="c").models == ["a", "c"]


def test_compare_leaves_out_metrics_without_scores(make_results):
    results = make_results()
    results.frame["activity_target"] = -1
    results.frame["activity_prediction"] = -1
    assert results.compare().differences["metric"].unique().tolist() == ["miou"]


def test_compare_rejects_other_data_and_names(results, make_results, tmp_path):
    with pytest.raises(RunError, match=r"Expected runs of the same images and protocol, got that the data differ: 24 "):
        results.compare(replace(make_results(frames=12), info={**results.info, "data": {"fingerprint": "88"}}))
    with pytest.raises(UnknownNameError, match="a run, its folder, or one of the models a, b, got 'c': correct"):
        results.compare("c")
    with pytest.raises(RobustEndoError, match="a run, its folder, or one of the models a, b, got int: pass rb.load"):
        results.compare(3)
    with pytest.raises(RunError, match="Expected a finished run in"):
        results.compare(tmp_path)
    with pytest.raises(UnknownNameError, match="a model of the runs to compare with, got 'x': choose from a, b"):
        results.compare("a", baseline="x")
    with pytest.raises(RobustEndoError, match="at least two models"):
        results.compare("a", baseline="a")
    with pytest.raises(RobustEndoError, match="Expected resampling to be a Resampling, got 0.9"):
        results.compare(resampling=0.9)
