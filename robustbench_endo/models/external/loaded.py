"""What a loader of users' models hands on."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.models.external.io_spec import Adapter


@dataclass(frozen=True)
class LoadedModel:
    """A network before it is adapted.

    Attributes:
        inner: an ``nn.Module`` or another callable on images.
        adapter: what the source itself says about inputs and outputs; the user's adapter goes over it.
        classes: names of the model's own classes, empty where it knows none.
        sha256: of the file it came from, None where it came from code.
    """

    inner: Callable[..., Any]
    adapter: Adapter = field(default_factory=Adapter)
    classes: tuple[str, ...] = ()
    sha256: str | None = None


def required(module: str, extra: str) -> ModuleType:
    """An optional package.

    Raises:
        OptionalDependencyError: it is not installed; names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise OptionalDependencyError(
            f"Expected the package {module.partition('.')[0]} for this model, got {error.name} missing: install it "
            f"with pip install 'robustbench-endo[{extra}]'."
        ) from error
