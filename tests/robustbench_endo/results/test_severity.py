"""Tests of severities between whole numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.severity_options import check_severities, parse_severities
from robustbench_endo.results.gallery import image_file
from robustbench_endo.results.schema import arrow_schema
from robustbench_endo.results.severity import as_severity, has_fractions, severity_codes


@pytest.mark.parametrize(("value", "text"), [(2, "2"), (2.0, "2"), (np.float32(2.4), "2.4"), (np.int8(5), "5")])
def test_as_severity_prints_whole_numbers_without_a_point(value: float, text: str) -> None:
    assert str(as_severity(value)) == text
    assert str(Condition("smoke", as_severity(value))) == f"smoke {text}"
    assert image_file("smoke", as_severity(value)) == f"smoke-{text}.webp"


def test_severity_column_is_floating_only_where_it_has_to_be() -> None:
    assert arrow_schema([], {}, {}, (1, 2.0)).field("severity").type == pa.int8()
    assert arrow_schema([], {}, {}, (1, 2.4)).field("severity").type == pa.float64()
    assert has_fractions((1, 2.4))
    assert not has_fractions((1, 5))


def test_severity_codes_reject_values_between_levels() -> None:
    assert severity_codes([0, 1, 2.4], np.array([2.4, 2.0, 0, 7])).tolist() == [2, -1, 0, -1]


def test_parse_severities_takes_fractions_and_ranges() -> None:
    assert parse_severities("2.4") == (2.4,)
    assert [str(each) for each in parse_severities("1-3, 4.50")] == ["1", "2", "3", "4.5"]
    assert check_severities([np.float64(3.0), 2.4]) == (2.4, 3)


@pytest.mark.parametrize("text", ["2.4-4", "0.5", "5.1", "2.", ".5", "1e0", ""])
def test_parse_severities_explains_what_it_takes(text: str) -> None:
    with pytest.raises(RobustEndoError, match="Expected severities"):
        parse_severities(text)
