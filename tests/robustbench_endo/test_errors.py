"""One tree of errors for the whole package."""

import inspect

from robustbench_endo import errors
from robustbench_endo.corruptions import errors as corruption_errors


def test_errors_have_one_base():
    kinds = [value for value in vars(errors).values() if inspect.isclass(value)]
    assert len(kinds) >= 9
    assert all(issubclass(kind, errors.RobustEndoError) for kind in kinds)
    assert issubclass(errors.FrameError, errors.DataError)


def test_errors_of_the_corruptions_are_the_same_classes():
    assert errors.RobustEndoError is corruption_errors.RobustEndoError
    assert errors.UnknownNameError is corruption_errors.UnknownNameError


def test_unknown_name_suggests_the_closest_one():
    assert "did you mean smoke" in str(errors.unknown_name("corruption", "smok", ["smoke", "blur"]))
