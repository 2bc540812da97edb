"""Configurations: options declared once, files, and values."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from robustbench_endo.config import from_values, option, options_of, read_config, to_toml, to_values
from robustbench_endo.errors import RobustEndoError, UnknownNameError


@dataclasses.dataclass(frozen=True)
class Small:
    seed: int = option(0, "Random seed.", type="int")
    names: tuple[str, ...] = option((), "Names.", "--name", multiple=True)
    out: Path = option(Path("runs"), "Folder.", "--out", "-o", type="path")
    limit: int | None = option(None, "Limit.", type="int")
    fast: bool = option(False, "Fast.", type="bool")


CONFIG = Small(seed=3, names=("a", 'quoted "b"'), out=Path("x/y"), fast=True)


def test_options_of_a_config_have_help_and_flags():
    options = options_of(Small)
    assert list(options) == ["seed", "names", "out", "limit", "fast"]
    assert options["out"][1].flags == ("--out", "-o")
    assert options["seed"][1].help == "Random seed."


def test_to_toml_is_read_back(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(to_toml(CONFIG, "small"))
    assert "limit" not in file.read_text()
    assert Small(**read_config(Small, file, "small")) == CONFIG


def test_to_values_are_plain():
    assert to_values(CONFIG) == {
        "seed": 3,
        "names": ["a", 'quoted "b"'],
        "out": "x/y",
        "limit": None,
        "fast": True,
    }


@pytest.mark.parametrize(("values", "text"), [({"seed": "x"}, "seed"), ({"fast": 1}, "fast"), ({"seed": True}, "seed")])
def test_from_values_rejects_another_type(values, text):
    with pytest.raises(RobustEndoError, match=f"Expected {text} in here to be of type"):
        from_values(Small, values, "here")


def test_from_values_rejects_an_unknown_key():
    with pytest.raises(UnknownNameError, match="setting in here.*did you mean seed"):
        from_values(Small, {"sed": 1}, "here")
