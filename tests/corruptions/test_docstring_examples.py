"""The examples in the docstrings of the package, run as tests."""

from __future__ import annotations

import doctest
import inspect
import pkgutil
from importlib import import_module
from importlib.util import find_spec

import pytest

import robustbench_endo.corruptions as package

NEEDS = {"albumentations_transform": "albumentations", "kornia_transform": "kornia", "_triton": "triton"}
"""Suffixes of modules that import an optional package."""

MODULES = [
    module.name
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if all(find_spec(name) for suffix, name in NEEDS.items() if module.name.endswith(suffix))
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_give_their_output(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    assert doctest.testmod(import_module(name)).failed == 0


@pytest.mark.parametrize("name", [name for name in package.__all__ if inspect.isroutine(getattr(package, name))])
def test_docstring_of_public_function_has_an_example(name: str) -> None:
    assert ">>> " in (getattr(package, name).__doc__ or "")


@pytest.mark.parametrize("name", [name for name in package.__all__ if inspect.isclass(getattr(package, name))])
def test_docstring_of_public_class_has_an_example(name: str) -> None:
    assert ">>> " in (getattr(package, name).__doc__ or "")
