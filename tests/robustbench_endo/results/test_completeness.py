"""Each model x condition x frame exactly once."""

import dataclasses

import pandas as pd
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.results.completeness import check_complete, expected_conditions, incompleteness


def changed(results, frame, **info):
    """The results with other records or another description."""
    return dataclasses.replace(results, frame=frame, info={**results.info, **info})


def test_incompleteness_of_complete_records_is_empty(results):
    assert incompleteness(results) == ""
    check_complete(changed(results, results.frame.sample(frac=1, random_state=0)))


def test_incompleteness_names_the_first_missing_record(results):
    row = results.frame.iloc[40]
    problem = incompleteness(changed(results, results.frame.drop(results.frame.index[40])))
    text = f"the first: {row['model']}, {row['corruption']} {row['severity']}, {row['image_id']}"
    assert problem == f"no records for 1 of the models x conditions x frames, {text}"


def test_incompleteness_names_records_that_occur_twice(results):
    twice = pd.concat([results.frame, results.frame.iloc[5:8]])
    assert incompleteness(changed(results, twice)).startswith("records that occur twice for 3 of")


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("model", "other", "of a model that run.json does not have, other"),
        ("corruption", "fog", "of a condition that run.json does not have, fog"),
        ("severity", 4, "of a condition that run.json does not have"),
        ("severity", -1, "of a condition that run.json does not have"),
        ("severity", 100, "of a condition that run.json does not have"),
        ("replicate", 3, "of a condition that run.json does not have"),
    ],
)
def test_incompleteness_names_records_of_something_else(results, column, value, text):
    frame = results.frame.copy()
    frame.loc[frame.index[-1], column] = value
    with pytest.raises(RunError, match=f"Expected each frame once per model and condition .* got records {text}"):
        check_complete(changed(results, frame))


def test_incompleteness_counts_frames(results):
    frames = results.frame["image_id"].nunique()
    assert incompleteness(changed(results, results.frame, data={"frames": frames})) == ""
    assert "instead of 30 frames" in incompleteness(changed(results, results.frame, data={"frames": 30}))
    failures = [{"id": f"unreadable {i}", "reason": ""} for i in range(30 - frames)]
    assert incompleteness(changed(results, results.frame, data={"frames": 30}, failures=failures)) == ""


def test_expected_conditions_are_those_of_the_run(results):
    corruptions = [{"name": "smoke", "category": "x"}, {"name": "contrast", "category": "x", "stochastic": False}]
    recorded = [{"name": "blood", "category": "recorded", "severity": 1}]
    info = {"corruptions": corruptions, "severities": [1, 3], "replicates": 2, "recorded_conditions": recorded}
    conditions = expected_conditions(changed(results, results.frame, **info))
    assert len(conditions) == 1 + 2 * 2 + 2 + 1
    assert [name for name, optional in conditions.items() if optional] == [("blood", 1, 0)]


def test_incompleteness_allows_recorded_conditions_to_lack_frames(results):
    smoke = results.frame[(results.frame["corruption"] == "smoke") & (results.frame["severity"] == 1)]
    recorded = smoke.iloc[3:].assign(corruption="blood")
    info = {"recorded_conditions": [{"name": "blood", "category": "recorded", "severity": 1}]}
    frame = pd.concat([results.frame, recorded], ignore_index=True)
    assert incompleteness(changed(results, frame, **info)) == ""
