"""Numbers and sentences of a gate."""

import dataclasses

import pytest

from robustbench_endo.gate.wording import bound, conditions, guarantee, interval, levels, verdict_sentence


def test_wording_of_a_bound_and_of_a_margin(undecided):
    first, second = undecided.criteria
    assert (bound(first), interval(first)) == ("≥ 70 %", "80.50 (75.25 to 86.00) %")
    assert interval(second) == "–"
    margin = dataclasses.replace(first, kind="non_inferiority", threshold=-2, value=-0.5, low=-1.25, high=0.4)
    assert (bound(margin), interval(margin, 1)) == ("change ≥ -2 %", "-0.5 (-1.2 to +0.4) %")
    distance = dataclasses.replace(first, unit="px", direction="at_most", threshold=40)
    assert bound(distance) == "≤ 40 px"


@pytest.mark.parametrize(
    ("severities", "expected"),
    [((), "Smoke"), ((3,), "Smoke 3"), ((1, 2, 3), "Smoke 1-3"), ((1, 3, 2.5), "Smoke 1,3,2.5")],
)
def test_conditions_abbreviate_consecutive_severities(severities, expected, undecided):
    assert conditions(dataclasses.replace(undecided.criteria[0], severities=severities)) == expected


def test_sentences_state_counts_and_guarantee(undecided):
    assert verdict_sentence(undecided).startswith("2 criteria: 1 passed, 0 failed, 1 undecided.")
    assert "at most 5 % fail although all hold" in guarantee(undecided)
    assert "more fail" in guarantee(dataclasses.replace(undecided, correction="none"))


def test_levels_say_which_end_decides(undecided):
    assert "the end of the 95 % interval towards the bound" in levels(undecided)
    assert "corrected for the number of criteria" in levels(undecided)
    assert "corrected" not in levels(dataclasses.replace(undecided, correction="none"))
