"""Rank correlation of models at recorded and synthetic conditions, on records made by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test, spearmanr

from robustbench_endo.errors import RunError
from robustbench_endo.realism.rank_correlation import permutation_p, rank_correlations, spearman
from robustbench_endo.results import Results

ORDER = (0, 1, 2, 3, 5, 4)
"""Rank of each model in recorded smoke; in synthetic smoke model i has rank i."""


def _results(models=6, recorded="recorded_smoke", noise=0.0, subjects=4):
    """Activity accuracy of model i: i of 10 frames per subject in synthetic smoke, ORDER[i] in recorded smoke."""
    rows = []
    random = np.random.default_rng(0)
    conditions = [("clean", 0), ("smoke", 1), (recorded, 1)]
    for i in range(models):
        for name, severity in conditions:
            for subject in range(subjects):
                level = {"clean": 7, "smoke": i, recorded: ORDER[i]}[name] + noise * random.normal()
                for k in range(10):
                    key = (f"m{i}", name, severity, 0, f"s{subject}_{k}", f"s{subject}")
                    rows.append((*key, 0, int(k >= level), 0.5))
    columns = ["model", "corruption", "severity", "replicate", "image_id", "subject_id"]
    columns += ["activity_target", "activity_prediction", "activity_confidence"]
    info = {
        "models": [{"name": f"m{i}"} for i in range(models)],
        "corruptions": [{"name": "smoke", "category": "occlusion"}],
        "severities": [1],
        "recorded_conditions": [{"name": recorded, "category": "recorded", "severity": 1}] if recorded else [],
        "tasks": {"activity": ["p", "q"]},
        "failures": [],
    }
    frame = pd.DataFrame(rows, columns=columns)
    return Results(frame, info)


def test_rank_correlations_of_a_swapped_pair_are_those_of_scipy():
    smoke, clean = rank_correlations(_results(), draws=50)
    assert (smoke.recorded, smoke.synthetic, smoke.models, smoke.subjects) == ("recorded_smoke", "smoke", 6, 4)
    assert smoke.value == smoke.low == smoke.high == pytest.approx(spearmanr(range(6), ORDER)[0])
    assert clean.synthetic == "clean"
    assert np.isnan(clean.value)  # all models are equal on clean frames


def test_rank_correlations_resample_subjects():
    row = rank_correlations(_results(noise=2.0), draws=200)[0]
    assert row.low < row.value <= row.high
    single = rank_correlations(_results(subjects=1), draws=20)[0]
    assert np.isnan([single.low, single.high]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": 5}, "Expected at least 6 models for a rank correlation, got 5"),
        ({"recorded": "recorded_low_light"}, "Expected the corruption low_light in a run with recorded_low_light"),
        ({"recorded": "recorded_background"}, "Expected a recorded condition with a counterpart"),
    ],
)
def test_rank_correlations_refuse_other_runs(options, message):
    with pytest.raises(RunError, match=message):
        rank_correlations(_results(**options))


def test_rank_correlations_refuse_a_run_without_recorded_conditions():
    results = _results()
    with pytest.raises(RunError, match="Expected a run with recorded conditions, got none"):
        rank_correlations(Results(results.frame, {**results.info, "recorded_conditions": []}))


def test_spearman_equals_scipy_with_ties():
    noise = np.random.default_rng(0)
    first, second = noise.integers(0, 4, (2, 30, 8)).astype(float)
    np.testing.assert_allclose(
        spearman(first, second), [spearmanr(*pair)[0] for pair in zip(first, second, strict=True)]
    )
    assert np.isnan(spearman(np.array([1.0, np.nan, 2.0]), np.arange(3.0)))


def test_rank_correlations_of_two_runs_match_models_by_name():
    both = _results()
    recorded = Results(both.frame[both.frame["corruption"] != "smoke"], {**both.info, "corruptions": []})
    names = [f"m{i}" for i in (5, 0, 1, 2, 3, 4)] + ["other"]
    frame = pd.concat([both.frame, both.frame[both.frame["model"] == "m0"].assign(model="other")])
    frame = frame[frame["corruption"] != "recorded_smoke"]
    info = {**both.info, "models": [{"name": name} for name in names], "recorded_conditions": []}
    smoke, clean = rank_correlations(recorded, 50, Results(frame, info))
    assert (smoke.models, smoke.subjects, clean.synthetic) == (6, 4, "clean")
    assert smoke.value == pytest.approx(rank_correlations(both)[0].value)
    with pytest.raises(RunError, match="Expected the corruption smoke in a run with recorded_smoke, got none"):
        rank_correlations(recorded)
    with pytest.raises(RunError, match="Expected at least 6 models for a rank correlation, got 5"):
        rank_correlations(
            recorded,
            50,
            Results(frame[frame["model"] != "m0"], {**info, "models": info["models"][:1] + info["models"][2:]}),
        )


def test_permutation_p_is_that_of_scipy():
    first, second = np.random.default_rng(6).normal(size=(2, 6))
    second = second + first
    expected = permutation_test(
        (first,), lambda x: spearmanr(x, second)[0], permutation_type="pairings", n_resamples=np.inf
    )
    assert permutation_p(first, second) == pytest.approx(expected.pvalue)


def test_permutation_p_of_many_models_is_close_to_that_of_scipy():
    first, second = np.random.default_rng(1).normal(size=(2, 12))
    second = second + 0.7 * first
    assert permutation_p(first, second) == pytest.approx(spearmanr(first, second)[1], abs=0.01)
    assert permutation_p(range(20), range(20)) == pytest.approx(1 / 40321)
    assert np.isnan(permutation_p([1.0] * 6, range(6)))
