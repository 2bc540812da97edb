"""``results.rankings``: the rankings of a run's models by one metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustbench_endo.results.rankings.rankings import PairTest, Rankings
    from robustbench_endo.results.resampling import Resampling
    from robustbench_endo.results.results import Results


def rank_results(
    results: Results,
    metric: str | None = None,
    resampling: Resampling | None = None,
    draws: int = 1000,
    test: PairTest = "sign_flips",
) -> Rankings:
    """How the models rank by one metric, and how much that depends on subjects, corruptions and method.

    Args:
        results: the run.
        metric: a metric with a direction; None for the leading one.
        resampling: unit, confidence level and seed; None for the defaults.
        draws: of subjects, with replacement, 100 to 100,000.
        test: of the pairs: ``sign_flips``, as :meth:`compare`, or ``wilcoxon``, the signed-rank test.

    Returns:
        The rankings; ``ranks``, ``distribution``, ``rank_intervals``, ``pairs``, ``methods`` and ``groups`` are tables.

    Raises:
        RobustEndoError: fewer than two models, a metric that the run lacks or that has no direction, or a setting
            outside its range.
    """
    from robustbench_endo.results.rankings.rankings import rank_models

    return rank_models(results, metric, resampling, draws, test)
