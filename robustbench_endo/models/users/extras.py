"""Packages that only some models need."""

from __future__ import annotations

import importlib
from types import ModuleType

from robustbench_endo.errors import OptionalDependencyError


def required(module: str, extra: str) -> ModuleType:
    """An optional package.

    Raises:
        OptionalDependencyError: it is not installed; names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            f"Expected the package {module.partition('.')[0]} for this model, found {error.name} missing: install it "
            f"with pip install 'robustbench-endo[{extra}]'."
        ) from error
