"""One pass over the resamples gives the numbers and intervals that the results give one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.reports.data.estimates import estimate_scores, mean_by_severity, mean_table
from robustbench_endo.results import Resampling
from robustbench_endo.results.estimates import ScoreArray

SETTINGS = Resampling(resamples=200)
METRICS = ("accuracy", "miou", "hd95")


@pytest.fixture(scope="module")
def estimates(usual_run):
    return estimate_scores(usual_run, METRICS, SETTINGS)


def test_estimate_scores_table_is_that_of_the_results(usual_run, estimates):
    expected = usual_run.table(METRICS, SETTINGS)
    pd.testing.assert_frame_equal(estimates.table.reindex(expected.index), expected)
    assert set(estimates.table.index) == set(expected.index)
    assert estimates.statement == expected.attrs["intervals"]
    assert estimates.warning == expected.attrs["warning"]


def test_estimate_scores_conditions_are_the_scores(usual_run, estimates):
    scores = usual_run.scores(SETTINGS).set_index(["model", "corruption", "severity"])
    smoke = usual_run.corruptions.index("smoke")
    for m, model in enumerate(usual_run.models):
        for s in range(1, 6):
            for part, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                value = getattr(estimates.conditions["miou"], part)[m, smoke, s]
                assert value == pytest.approx(scores.loc[(model, "smoke", s), f"miou{suffix}"], abs=1e-9)


def test_estimate_scores_means_are_over_corruptions_by_severity(estimates):
    np.testing.assert_allclose(estimates.means["hd95"].value, estimates.conditions["hd95"].value.mean(1))
    assert (estimates.means["hd95"].low <= estimates.means["hd95"].value).all()


def test_estimate_scores_held_out_mean_is_over_unseen_corruptions(make_run):
    def trained(frame, info):
        info["models"][0]["trained_on"] = ["smoke", "a corruption of another suite"]

    results = make_run(corruptions=["smoke", "contrast", "spatter"], gallery=False, edit=trained)
    table = estimate_scores(results, ("miou",), SETTINGS).table
    plain = results.table(("miou",))["miou"]
    mean = plain.loc[[("digital", "contrast"), ("occlusion", "spatter")]].mean()
    for model in results.models:
        assert table.loc[("mean", "held_out"), ("miou", model, "value")] == pytest.approx(mean[model])


def test_mean_table_without_intervals_is_that_of_the_results(usual_run):
    expected = usual_run.table(METRICS)
    pd.testing.assert_frame_equal(mean_table(usual_run, METRICS).reindex(expected.index), expected)


def test_mean_by_severity_is_missing_where_a_corruption_is(usual_run):
    ((_, result),) = usual_run.estimator().results(["miou"])
    mean = result.estimate_mean(mean_by_severity).value
    full = result.estimate_mean(ScoreArray.with_clean).value
    np.testing.assert_allclose(mean, full.mean(1))
    assert np.isfinite(mean).all()
