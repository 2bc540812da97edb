"""Verdicts at every position of an interval, the correction for the number of criteria, and the reasons."""

import numpy as np
import pytest

from robustbench_endo.gate import run_gate
from robustbench_endo.gate.decide import fail_levels

SPREAD = np.linspace(-0.1, 0.1, 8)


@pytest.fixture(scope="module")
def run(run_of):
    """Dice 0.7 under smoke, 0.5 under contrast, with 8 subjects that differ by at most 0.2."""
    quality = {("new", "smoke", severity): 0.7 + SPREAD for severity in (1, 3)}
    return run_of(quality | {("new", "contrast", severity): 0.5 + SPREAD for severity in (1, 3)})


@pytest.mark.parametrize(
    ("bound", "verdict", "reason"),
    [
        (0.60, "pass", "The lower end of the 95 % interval, 63."),
        (0.68, "undecided", "contains 68 %; about"),
        (0.70, "undecided", "contains 70 %."),
        (0.78, "fail", "The upper end of the 95 % interval, 76."),
    ],
)
def test_decide_compares_the_interval_with_the_bound(bound, verdict, reason, run, plan_of):
    (result,) = run_gate(run, plan_of({"at_least": bound})).criteria
    assert (result.verdict, result.value) == (verdict, pytest.approx(70, abs=0.1))
    assert reason in result.reason
    assert result.low < 70 < result.high
    assert (result.p_value <= 0.05) == (verdict == "pass")


def test_decide_where_lower_is_better(run, plan_of):
    for bound, verdict in ((0.05, "fail"), (0.5, "pass")):
        (result,) = run_gate(run, plan_of({"metric": "ece", "at_most": bound})).criteria
        assert (result.direction, result.verdict) == ("at_most", verdict)


def test_worst_condition_decides_where_it_is_asked_for(run, plan_of):
    scope = {"corruption": ["smoke", "contrast"], "at_least": 0.53}
    mean, worst = run_gate(run, plan_of(scope, {**scope, "aggregate": "worst"})).criteria
    assert (mean.verdict, mean.value) == ("pass", pytest.approx(60, abs=0.1))
    assert (worst.verdict, worst.value) == ("undecided", pytest.approx(50, abs=0.1))
    each = run_gate(run, plan_of({**scope, "aggregate": "each"})).criteria
    assert [result.id for result in each] == ["c0/smoke/1", "c0/smoke/3", "c0/contrast/1", "c0/contrast/3"]
    assert [result.verdict for result in each] == ["pass", "pass", "undecided", "undecided"]
    assert worst.low == min(result.low for result in each)


def test_correction_widens_only_the_optimistic_end(run, plan_of):
    criteria = [{"at_least": 0.78}, *[{"at_least": 0.5, "corruption": "clean", "severities": None}] * 9]
    results = {name: run_gate(run, plan_of(*criteria, correction=name)).criteria[0] for name in ("none", "bonferroni")}
    assert results["none"].low == results["bonferroni"].low
    assert results["none"].high < results["bonferroni"].high
    assert (results["none"].level, results["bonferroni"].level) == (0.05, pytest.approx(0.005))
    assert results["none"].verdict == "fail"
    assert results["bonferroni"].verdict == "undecided"


def test_fail_levels_by_holm_bonferroni_and_none():
    p = np.array([0.001, 0.04, 0.9])
    np.testing.assert_allclose(fail_levels(p, 0.06, "bonferroni"), 0.02)
    np.testing.assert_allclose(fail_levels(p, 0.06, "none"), 0.06)
    np.testing.assert_allclose(fail_levels(p, 0.06, "holm"), [0.02, 0.03, 0.03])


def test_margin_with_few_subjects_says_that_it_cannot_fail(run_of, plan_of):
    runs = {
        name: run_of({("new", "smoke", each): 0.7 + shift for each in (1, 3)}, subjects=6, name=name)
        for name, shift in (("old", 0.0), ("new", -0.3))
    }
    single = run_gate(runs["new"], plan_of({"non_inferior": 0.02}), runs["old"])
    assert single.criteria[0].verdict == "fail"
    many = run_gate(runs["new"], plan_of(*[{"non_inferior": 0.02}] * 4), runs["old"])
    assert many.verdict == "undecided"
    assert (
        "6 subjects cannot show a violation at the corrected level 0.013 (smallest p 0.031)" in many.criteria[0].reason
    )
