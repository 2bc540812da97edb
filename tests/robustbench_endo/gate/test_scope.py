"""The conditions of a criterion, and runs that lack some of them."""

import numpy as np
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate.scope import resolve
from robustbench_endo.results import Results


def scope_of(run, plan, **criterion):
    return resolve(plan({"at_least": 0.5, **criterion}).criteria[0], run)


@pytest.fixture
def custom_suite(run_of):
    """A run whose suite is none of the package, so that its categories are what it has."""
    run = run_of(corruptions=("smoke", "contrast", "saturate"), severities=(1, 2, 3))
    return Results(run.frame, {**run.info, "suite": {**run.info["suite"], "name": "mine"}})


def test_resolve_selects_corruptions_and_severities(custom_suite, plan_of):
    scope = scope_of(custom_suite, plan_of, corruption="digital", severities=None, max_severity=2)
    assert scope.conditions == (("contrast", 1), ("contrast", 2), ("saturate", 1), ("saturate", 2))
    assert scope.title == "digital (mean of 2)"
    assert (scope.corruptions, scope.severities) == (("contrast", "saturate"), (1, 2))
    worst = scope_of(custom_suite, plan_of, corruption=["smoke", "saturate"], severities=[2], aggregate="worst")
    assert worst.title == "smoke + saturate (worst of 2)"
    assert len(scope_of(custom_suite, plan_of, corruption="all", severities=[1]).conditions) == 3
    clean = scope_of(custom_suite, plan_of, corruption="clean", severities=None)
    assert (clean.conditions, clean.severities) == ((("clean", 0.0),), ())


def test_scope_values_are_those_of_its_conditions(run_of, plan_of):
    run = run_of({("new", "smoke", 1): 0.5, ("new", "contrast", 3): 0.25})
    estimator = run.estimator()
    ((_, scores),) = estimator.results(["dice"])
    scope = scope_of(run, plan_of, corruption=["contrast", "smoke"], severities=[1, 3])
    np.testing.assert_allclose(scope.values(scores.point, estimator.conditions, 0), [[80, 25, 50, 80]])
    assert [part.conditions for part in scope.each()][1] == (("contrast", 3),)


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        ({"corruption": "smok"}, "got 'smok': did you mean smoke?"),
        ({"corruption": "fog"}, "choose from clean, all"),
        ({"corruption": "spatter"}, "Expected the name of a corruption of the run in criterion 'c0'"),
        ({"severities": [1, 2]}, r"Expected severities of the run \(1, 3\) in criterion 'c0', got 2"),
        ({"severities": None, "max_severity": 5}, "got 5: evaluate them"),
        ({"severities": None}, "Expected severities or max_severity"),
        ({"corruption": ["smoke", "clean"], "severities": None}, "Expected 'clean' without other corruptions"),
        ({"corruption": "occlusion"}, "got a run without bleeding, brightness, spatter"),
        ({"corruption": "all"}, "got a run without gaussian_noise"),
    ],
)
def test_resolve_refuses_what_was_not_run(criterion, message, run_of, plan_of):
    with pytest.raises(RobustEndoError, match=message):
        scope_of(run_of(), plan_of, **criterion)


def test_resolve_refuses_a_condition_that_only_others_have(run_of, plan_of):
    run = run_of()
    frame = run.frame[~((run.frame["corruption"] == "smoke") & (run.frame["severity"] == 3))]
    with pytest.raises(RobustEndoError, match="Expected severity 3 of smoke"):
        scope_of(Results(frame, run.info), plan_of)


def test_resolve_takes_recorded_conditions_without_severity(run_of, plan_of):
    run = run_of()
    recorded = {"recorded_conditions": [{"name": "real_smoke", "category": "recorded", "severity": 0}]}
    run = Results(run.frame, {**run.info, **recorded})
    assert scope_of(run, plan_of, corruption="real_smoke", severities=None).conditions == (("real_smoke", 0.0),)
    with pytest.raises(RobustEndoError, match="Expected no severity for real_smoke"):
        scope_of(run, plan_of, corruption="real_smoke", severities=[1])
    with pytest.raises(RobustEndoError, match="got both"):
        scope_of(run, plan_of, corruption=["real_smoke", "smoke"], severities=[1])
