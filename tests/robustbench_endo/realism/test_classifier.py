"""The classifier of real against synthetic frames."""

import numpy as np
import pytest

from robustbench_endo.realism.classifier import area_under_curve, held_out_scores, pair_features


def test_held_out_scores_separate_shifted_features():
    noise = np.random.default_rng(1)
    real = np.tile([0.0, 1.0], 20)
    scores = held_out_scores(noise.normal(size=(40, 3)) + 6 * real[:, None], real, [str(i // 10) for i in range(40)])
    assert area_under_curve(scores, real) > 0.95


def test_held_out_scores_do_not_use_the_labels_of_the_tested_sequence():
    noise = np.random.default_rng(2)
    features, real = noise.normal(size=(20, 3)), np.tile([0.0, 1.0], 10)
    sequences = ["a"] * 10 + ["b"] * 10
    flipped = np.concatenate((1 - real[:10], real[10:]))
    before, after = (held_out_scores(features, labels, sequences)[:10] for labels in (real, flipped))
    np.testing.assert_array_equal(before, after)


def test_area_under_curve_counts_ties_half():
    assert area_under_curve(np.array([0.0, 1.0, 1.0, 2.0]), np.array([0, 0, 1, 1])) == pytest.approx(3.5 / 4)


def test_pair_features_differ_between_veil_and_grey():
    clear = np.random.default_rng(0).integers(40, 160, (48, 72, 3), dtype=np.uint8)
    features = [pair_features(clear, clear // 2 + np.uint8(offset)) for offset in (60, 90)]
    assert features[0].shape == (27,)
    assert features[0][0] < features[1][0]
