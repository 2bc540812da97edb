"""The page about multi-task optimisation: its examples run, its table has the defaults of the code."""

import re
from dataclasses import fields

import pytest
from docs_pages import code, read_page

from robustbench_endo.training.weighting import load_weighting

PAGE = read_page("multitask")

pytestmark = pytest.mark.docs


@pytest.mark.parametrize("example", code(PAGE))
def test_multitask_examples_run(example, capsys):
    exec(compile(example, "multitask.md", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("method", ["equal", "moco", "aligned_mtl", "stch", "db_mtl"])
def test_multitask_table_has_every_default(method):
    (row,) = re.findall(rf"^\| `{method}` \|.*$", PAGE, re.M)
    for option in fields(load_weighting(method)):
        if option.init:
            assert f"`{option.name}` {option.default:g}" in row
