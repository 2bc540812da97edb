"""Tests of brackets and thresholds of failure points."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation import failure_points
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.results import Results
from robustbench_endo.results.failure_points import Bracket, FailureThreshold, known_passes


def test_bracket_takes_the_first_crossing() -> None:
    known = [(0, True), (1, True), (2, False), (3, True), (5, True)]
    bracket = Bracket.of(known)
    assert (bracket.low, bracket.high) == (1, 2)
    passes = 0
    while (severity := bracket.next) is not None:
        bracket.update(severity, severity < 1.3)
        passes += 1
    assert passes <= 5
    assert abs(float(bracket.describe()["severity"]) - 1.3) <= 0.1


@pytest.mark.parametrize("severity", [1, 2.4, 3, 5])
@pytest.mark.parametrize("crossing", [0.5, 1.01, 2.7, 4.95, 6])
def test_bracket_closes_in_five_passes_from_any_single_severity(severity: float, crossing: float) -> None:
    bracket = Bracket.of([(0, True), (severity, severity < crossing)])
    for _ in range(failure_points.MAX_PASSES):
        if (following := bracket.next) is not None:
            bracket.update(following, following < crossing)
    described = bracket.describe()
    censored = "<1" if crossing <= 1 else ">5" if crossing > 5 else ""
    assert described["censored"] == censored
    if not censored:
        assert abs(float(described["severity"]) - crossing) <= 0.125  # 0.1 where the run has more than one severity
    else:
        assert math.isnan(float(described["severity"]))


def test_frame_that_fails_clean_is_censored_below() -> None:
    assert Bracket.of([(0, False), (1, True)]).describe()["censored"] == "<1"


@pytest.mark.parametrize("text", ["miou", "miou=", "=0.5", "miou=x", "miou=nan"])
def test_failure_point_needs_a_threshold(text: str) -> None:
    with pytest.raises(RobustEndoError, match="Expected a metric and a threshold such as miou=0.5"):
        EvaluationConfig(failure_point=text)


def test_known_passes_of_a_run_of_many_columns_warn_of_nothing(make_results: Callable[..., Results]) -> None:
    results, threshold = make_results(), FailureThreshold("miou", 0.6)
    expected = known_passes(results, threshold)
    frame = results.frame.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(150):
            frame[f"unused_{number}"] = 0.0  # each is a block of its own: pandas warns when such a frame is extended
    assert known_passes(Results(frame, results.info), threshold) == expected
    assert [severity for severity, _ in expected["a", "smoke", "OP00_img_000.png"]] == [0, 1, 3]
    assert {passed for passes in expected.values() for _, passed in passes} == {True, False}
