"""Risk by coverage of the models of a run."""

import pytest

from robustbench_endo.results.failure_detection.curves import risk_curves


def test_curves_end_at_the_failure_rate(results):
    task = results.tasks[-1]
    lines = risk_curves(results, task)
    assert list(lines) == results.models
    failed = results.failures()[f"{task.name}_failed"]
    for model, by_severity in lines.items():
        coverage, risk = by_severity[0]
        assert coverage[-1] == 100
        assert risk[-1] == pytest.approx(failed.loc[("clean", "clean"), model])
        assert set(by_severity) == {0, *results.severities}
        assert len(by_severity[3][0]) == 2 * len(coverage)  # two corruptions together


def test_confidence_that_is_not_recorded_has_no_curve(results):
    assert risk_curves(results, results.tasks[0], "user") == {}
