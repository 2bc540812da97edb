"""Numbers of suite files outside the range of their parameter."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from robustbench_endo.corruptions import SUITES, load_suite
from robustbench_endo.corruptions.base import parameter_units
from robustbench_endo.corruptions.parameter_ranges import _BY_UNIT, check_parameter
from robustbench_endo.errors import CorruptionError

PARAMETERS = [
    (corruption.name, field.name)
    for corruption in load_suite("endo19").corruptions
    for field in dataclasses.fields(corruption.severities[0])
    if not isinstance(getattr(corruption.severities[0], field.name), bool)
]


def test_check_parameter_accepts_every_built_in_severity() -> None:
    for suite in map(load_suite, SUITES):
        for corruption in suite.corruptions:
            units = parameter_units(type(corruption.severities[0]))
            texts = ("mud", "encoder of FFmpeg", "weave or bob")
            assert all(unit in _BY_UNIT or unit in texts for unit in units.values())
            for params in corruption.severities:
                for name, unit in units.items():
                    check_parameter(getattr(params, name), name, unit, corruption.name)


@pytest.mark.parametrize(("corruption", "parameter"), PARAMETERS)
@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e9", "-1e9", "1" + 400 * "0", "true", '"1"', "[1, 2]"])
def test_load_suite_refuses_a_number_outside_its_range(
    corruption: str, parameter: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[{corruption}]\n{parameter} = {text}\n")
    with pytest.raises(CorruptionError, match=f"Suite mine: {corruption}.{parameter}: expected .*, got "):
        load_suite(path)


@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [("scale", "px", 0.0), ("grain", "px", 0.01), ("step", "times", 0.0), ("share", "share", 1.5), ("x", "", math.inf)],
)
def test_check_parameter_refuses_divisors_and_tiny_lengths(name: str, unit: str, value: float) -> None:
    with pytest.raises(CorruptionError, match="expected .*, got "):
        check_parameter(value, name, unit, "Suite mine")


@pytest.mark.parametrize(
    "content",
    [
        "name = 3",
        'name = ""',
        'name = "a\\u0000b"',
        "corruptions = 3",
        "corruptions = [1, 2]",
        "resolution = 100000",
        "resolution = [64, 100000]",
        "reference_size = 1",
        "reference_size = 1000000",
        "x = " + "[" * 5000,
        "resolution = " + "9" * 5000,
    ],
)
def test_load_suite_refuses_settings_of_another_kind(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(CorruptionError, match="(E|e)xpected .*, got |Cannot parse"):
        load_suite(path)


def test_load_suite_refuses_a_path_with_a_null_character() -> None:
    with pytest.raises(CorruptionError, match="Cannot (read|parse)"):
        load_suite("a\0b.toml")
