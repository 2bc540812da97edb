"""Risk-coverage measures against torch-uncertainty, brute force over the orders of ties, and known answers."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from robustbench_endo.results.failure_detection.risk_coverage import (
    MEASURES,
    auroc,
    measure,
    risk_coverage_curve,
)

RECORDED = json.loads((Path(__file__).parents[3] / "fixtures" / "torch_uncertainty.json").read_text("utf-8"))
SHARED = ("aurc", "augrc", "coverage_at_5_risk", "risk_at_80_coverage")


def values(confidence, loss):
    return dict(zip(MEASURES, measure(np.asarray(confidence, float), np.asarray(loss, float))[0], strict=True))


@pytest.mark.parametrize("case", RECORDED["cases"], ids=[f"{len(each['failed'])} frames" for each in RECORDED["cases"]])
def test_measures_equal_those_of_torch_uncertainty(case):
    ours = values(case["confidence"], case["failed"])
    for name in SHARED:
        # Where no coverage has the risk, it has none and we have 0: no frame can be accepted.
        expected = 0.0 if case[name] is None else case[name]
        assert ours[name] == pytest.approx(expected, abs=1e-6), name


def orders_of_ties(confidence):
    groups = [np.flatnonzero(confidence == value) for value in sorted(set(confidence), reverse=True)]
    for parts in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield np.concatenate(parts)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("binary", [True, False], ids=["failures", "dice"])
def test_ties_are_the_mean_over_all_their_orders(seed, binary):
    rng = np.random.default_rng(seed)
    confidence = rng.integers(0, 4, 7).astype(float)
    loss = (rng.random(7) < 0.4).astype(float) if binary else rng.random(7)
    ranks = -np.arange(7.0)
    each = [values(ranks, loss[order]) for order in orders_of_ties(confidence)]
    ours = values(confidence, loss)
    for name in ("aurc", "augrc", "risk_at_80_coverage"):
        assert ours[name] == pytest.approx(np.mean([one[name] for one in each]), abs=1e-12), name
    thresholds = [confidence >= value for value in set(confidence)]
    allowed = [accepted.mean() for accepted in thresholds if loss[accepted].mean() <= 0.05]
    assert ours["coverage_at_5_risk"] == pytest.approx(max(allowed, default=0))


@pytest.mark.parametrize("seed", range(3))
def test_auroc_equals_the_share_of_ordered_pairs(seed):
    rng = np.random.default_rng(seed)
    confidence, failed = rng.integers(0, 5, 30).astype(float), rng.random(30) < 0.3
    pairs = confidence[~failed][:, None] - confidence[failed][None]
    expected = (pairs > 0).mean() + (pairs == 0).mean() / 2
    assert values(confidence, failed)["auroc_failures"] == pytest.approx(expected)
    assert auroc(confidence, failed)[0] == pytest.approx(expected)


def test_frames_left_out_equal_a_computation_without_them():
    rng = np.random.default_rng(1)
    confidence, loss = rng.integers(0, 9, 40).astype(float), (rng.random(40) < 0.3).astype(float)
    units = rng.integers(0, 5, 40)
    table = measure(confidence, loss, units, 5)
    for unit in range(5):
        rest = units != unit
        np.testing.assert_allclose(table[1 + unit], measure(confidence[rest], loss[rest])[0], atol=1e-12)
        assert auroc(confidence, loss > 0, units, 5)[1 + unit] == pytest.approx(
            auroc(confidence[rest], loss[rest] > 0)[0]
        )


def test_ideal_order_has_no_excess_and_separates_all_failures():
    ideal = values([5, 4, 3, 2, 1], [0, 0, 0, 1, 1])
    assert ideal["excess_aurc"] == 0
    assert ideal["auroc_failures"] == 1
    assert ideal["coverage_at_5_risk"] == 0.6
    assert values([1, 2, 3, 4, 5], [0, 0, 0, 1, 1])["auroc_failures"] == 0


def test_constant_confidence_has_the_risk_everywhere():
    constant = values([0.7] * 10, [1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    assert constant["aurc"] == pytest.approx(0.2)
    assert constant["risk_at_80_coverage"] == pytest.approx(0.2)
    assert constant["coverage_at_5_risk"] == 0
    assert constant["auroc_failures"] == 0.5


@pytest.mark.parametrize("frames", [0, 1])
def test_measures_of_fewer_than_two_frames_are_undefined(frames):
    assert np.isnan(measure(np.ones(frames), np.zeros(frames))).all()


def test_curve_ends_at_the_risk_of_all_frames():
    coverage, risk = risk_coverage_curve(np.array([3.0, 2.0, -np.inf]), np.array([0.0, 0.0, 1.0]))
    assert coverage.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3])
