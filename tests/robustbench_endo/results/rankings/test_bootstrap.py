"""Draws of subjects: their scores equal those of a run with these subjects, their ranks those of challengeR."""

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results import Resampling, Results
from robustbench_endo.results.rankings.bootstrap import bootstrap_scores, check_draws, draw_counts
from robustbench_endo.results.rankings.rank_methods import rank


def test_scores_of_a_draw_equal_those_of_a_run_with_these_subjects(results):
    estimator = results.estimator(Resampling())
    counts = draw_counts(estimator.units.number, 3, seed=1)
    assert (counts.sum(1) == 12).all()
    for metric in ("miou", "hd95", "accuracy"):
        sampled = bootstrap_scores(estimator, metric, counts)
        for row, count in enumerate(counts):
            subjects = np.unique(results.frame["subject_id"])
            parts = [
                results.frame[results.frame["subject_id"] == subject]
                for subject, times in zip(subjects, count, strict=True)
                for _ in range(int(times))
            ]
            ((_, scores),) = Results(pd.concat(parts), results.info).estimator().results([metric])
            np.testing.assert_allclose(sampled.clean[row], scores.point.clean[0], rtol=1e-12)
            np.testing.assert_allclose(sampled.corrupted[row], scores.point.corrupted[0], rtol=1e-12)


def test_draws_of_units_once_equal_the_run(results):
    estimator = results.estimator(Resampling())
    ((_, scores),) = estimator.results(["miou"])
    sampled = bootstrap_scores(estimator, "miou", np.ones((1, 12)))
    np.testing.assert_allclose(sampled.corrupted, scores.point.corrupted, rtol=1e-12)


def test_shares_of_ranks_agree_with_challenger(cases, recorded):
    for task, values in cases.items():
        counts = draw_counts(len(values), 1000, seed=0)
        sampled = rank(counts @ values / len(values), True)
        shares = (sampled[:, :, None] == np.arange(1, 6)).mean(0)
        expected = np.array(recorded["bootstrap"][task]) / 1000
        # Both are means of 1000 draws: a difference of 4 standard errors.
        allowed = 4 * np.sqrt((expected * (1 - expected) + 1e-3) * 2 / 1000)
        assert (np.abs(shares - expected) <= allowed).all()


@pytest.mark.parametrize("draws", [0, 99, 100_001, 500.0, True, "1000"])
def test_wrong_number_of_draws_is_an_error(draws):
    with pytest.raises(RobustEndoError, match="Expected draws to be a whole number from 100 to 100,000"):
        check_draws(draws)
    check_draws(100)
