"""The conditions of a run and the selection of corruptions."""

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.conditions import Condition, list_conditions, parse_selection


def test_list_conditions_starts_with_clean():
    assert list_conditions(["smoke", "contrast"], (5, 1, 1)) == [
        ("clean", 0, 0), ("smoke", 1, 0), ("smoke", 5, 0), ("contrast", 1, 0), ("contrast", 5, 0),
    ]  # fmt: skip


def test_list_conditions_ends_with_recorded_ones():
    assert list_conditions(["smoke"], (3,), ["recorded_smoke"])[-1] == Condition("recorded_smoke", 1)


def test_list_conditions_has_every_draw_of_a_severity():
    conditions = list_conditions(["smoke", "contrast"], (1, 5), replicates={"smoke": 2})
    assert conditions[1:] == [
        ("smoke", 1, 0), ("smoke", 1, 1), ("smoke", 5, 0), ("smoke", 5, 1), ("contrast", 1, 0), ("contrast", 5, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("severities", [(0,), (6,), ()])
def test_list_conditions_rejects_severities_outside_1_to_5(severities):
    with pytest.raises(RobustEndoError, match="Expected severities from 1 to 5, got"):
        list_conditions(["smoke"], severities)


def test_condition_as_text_names_corruption_and_severity():
    assert str(Condition("clean", 0)) == "clean"
    assert str(Condition("smoke", 3)) == "smoke 3"
    assert str(Condition("smoke", 3, 2)) == "smoke 3, draw 2"


def test_parse_selection_divides_suite_and_data():
    assert parse_selection("all") == ("all", ("all",), False)
    assert parse_selection("blur, recorded_smoke") == (["blur"], ("recorded_smoke",), False)
    assert parse_selection(["all", "recorded"]) == (["all"], ("recorded", "all"), False)
    assert parse_selection("clean, blur") == (["blur"], (), True)
    assert parse_selection("clean") == ([], (), True)
    assert parse_selection("") == ("", (), False)
