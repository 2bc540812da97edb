"""``results.rankings``."""

import pandas as pd

from robustbench_endo.results.rankings.rankings import rank_models


def test_method_of_results_returns_their_rankings(results):
    rankings = results.rankings("miou", draws=100)
    assert rankings.metric == "miou"
    pd.testing.assert_frame_equal(rankings.ranks, rank_models(results, "miou", draws=100).ranks)
    assert results.rankings(draws=100).metric == results.headlines[-1]
