"""The examples in the docstrings of metrics, results and tasks."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import robustbench_endo

ROOT = Path(robustbench_endo.__file__).parent
MODULES = sorted(
    ".".join(("robustbench_endo", *path.relative_to(ROOT).with_suffix("").parts))
    for folder in ("metrics", "results", "tasks")
    for path in (ROOT / folder).rglob("*.py")
    if ">>>" in path.read_text("utf-8") and "torchmetrics" not in path.parts  # its own tests run them where installed
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    results = doctest.testmod(import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
