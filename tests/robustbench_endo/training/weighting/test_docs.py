"""The page about multi-task optimisation: its examples run, its table is what the code says."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from robustbench_endo.training.weighting import load_weighting

PAGE = (Path(__file__).parents[4] / "docs" / "multitask.md").read_text("utf-8")


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.S))
def test_examples_run(block, capsys):
    exec(compile(block, "multitask.md", "exec"), {})
    assert capsys.readouterr().out


def test_every_option_is_in_the_table_with_its_default(method):
    (row,) = re.findall(rf"^\| `{method}` \|.*$", PAGE, re.M)
    for option in fields(load_weighting(method)):
        if option.init:
            assert f"`{option.name}` {option.default:g}" in row
