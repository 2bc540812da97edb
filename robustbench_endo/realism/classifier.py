"""A classifier of real against synthetic frames, tested on sequences that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

from robustbench_endo.realism.smoke_statistics import Bytes, Floats, cielab, rise_structure

_PENALTY = 1.0  # of the squared weights of standardised features


def pair_features(clear: Bytes, smoky: Bytes) -> Floats:
    """27 numbers of a pair: colour moments of both, gradients, local structure and spectrum of the change."""
    before, after = (frame / 255 for frame in (clear, smoky))
    change = cielab(after) - cielab(before)
    moments = [statistic for part in (change, cielab(after)) for statistic in (*part.mean((0, 1)), *part.std((0, 1)))]
    slopes = [np.abs(np.diff(after.mean(2), axis=axis)) for axis in (0, 1)]
    gradients = [value for slope in slopes for value in (slope.mean(), *np.percentile(slope, (50, 95)))]
    percentiles = np.percentile(after.mean(2), (5, 50, 95, 99))
    features: Floats = np.array([*moments, *gradients, *percentiles, *rise_structure((after - before).mean(2))])
    return features


def held_out_scores(features: Floats, real: Floats, sequences: Sequence[str]) -> Floats:
    """Score of each frame by a logistic regression that was fitted to the other sequences.

    Args:
        features: (N, K).
        real: (N,), 1 for real and 0 for synthetic frames.
        sequences: (N,).
    """
    names = np.asarray(sequences)
    features = np.nan_to_num(features)
    scores = np.empty(len(names))
    for name in np.unique(names):
        test = names == name
        mean, spread = features[~test].mean(0), features[~test].std(0) + 1e-9
        scaled = (features - mean) / spread
        scores[test] = scaled[test] @ _fit(scaled[~test], real[~test])
    return scores


def _fit(features: Floats, real: Floats) -> Floats:
    signs = 2 * real - 1

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = signs * (features @ weights)
        slope = -signs / (1 + np.exp(np.clip(margin, -50, 50)))
        value = np.logaddexp(0, -margin).sum() + _PENALTY / 2 * (weights**2).sum()
        return float(value), features.T @ slope + _PENALTY * weights

    weights: Floats = minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x
    return weights


def area_under_curve(scores: Floats, real: Floats) -> float:
    """Probability that a real frame has a higher score than a synthetic one.

    >>> area_under_curve(np.array([0.1, 0.4, 0.8]), np.array([0, 0, 1]))
    1.0
    """
    positive = int(real.sum())
    ranks = rankdata(scores)[real == 1].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * (len(real) - positive)))
