"""The examples in the docstrings of the models run."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

from robustbench_endo import models

MODULES = [name for _, name, _ in pkgutil.walk_packages(models.__path__, "robustbench_endo.models.")]


@pytest.mark.slow
@pytest.mark.docs
def test_docstring_examples_of_models_run():
    results = {name: doctest.testmod(import_module(name)) for name in MODULES}
    assert {name for name, result in results.items() if result.failed} == set()
    assert sum(result.attempted for result in results.values()) >= 15
