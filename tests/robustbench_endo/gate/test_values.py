"""Readers of values: what they return."""

import pytest

from robustbench_endo.errors import RobustEndoError, UnknownNameError
from robustbench_endo.gate.values import as_choice, as_names, as_number, as_severities, check_keys


def test_as_names_takes_one_name_or_several():
    assert as_names("smoke", "x") == ("smoke",)
    assert as_names(["a", "b"], "x") == ("a", "b")


def test_as_severities_sorts_them():
    assert as_severities([2.5, 1], "x") == (1, 2.5)


def test_as_choice_refuses_other_types():
    with pytest.raises(RobustEndoError, match="Expected x to be one of a, b, got 3"):
        as_choice("a", "b")(3, "x")


def test_check_keys_names_the_closest():
    with pytest.raises(UnknownNameError, match="did you mean alpha"):
        check_keys({"alhpa": 1}, ("alpha", "name"), "plan")


def test_as_number_refuses_what_no_float_holds():
    with pytest.raises(RobustEndoError, match="Expected a finite number as x, got inf"):
        as_number(10**400, "x")
