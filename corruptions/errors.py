"""Errors for users: one sentence with what was expected, what was received and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

_IMPORT_ENVIRONMENT = {"albumentations": ("NO_ALBUMENTATIONS_UPDATE", "1")}
"""Variable that is set, unless it is already, before a module is imported: albumentations queries the network."""


class RobustEndoError(ValueError):
    """Base class of the errors that the command line prints as one sentence (exit code 2)."""


class UnknownNameError(RobustEndoError):
    """A name that is not registered, for instance of a model, dataset, corruption or metric."""


class OptionalDependencyError(RobustEndoError, ImportError):
    """A package that belongs to an optional extra is not installed."""


class CorruptionError(RobustEndoError):
    """Invalid input to a corruption or a suite."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not registered.

    Args:
        kind: what is named, such as ``model``.
        name: the unknown name.
        known: registered names; the message lists the closest matches, or all of them if none is close.

    >>> print(unknown_name("corruption", "smok", ["smoke", "contrast"]))
    Expected the name of a corruption, got 'smok': did you mean smoke?
    """
    names = list(known)
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(names)}."
    article = "an" if kind[:1] in "aeiou" else "a"
    return UnknownNameError(f"Expected the name of {article} {kind}, got {name!r}: {hint}")


def import_optional(module: str, purpose: str, extra: str) -> ModuleType:
    """Import a module of a package that belongs to an optional extra.

    Args:
        module: name of the module, such as ``albumentations``.
        purpose: what it is needed for, as in "Expected the package albumentations for data augmentation".
        extra: extra of robustbench-endo that installs the package.

    Raises:
        OptionalDependencyError: the package is not installed, or fails to import.

    >>> import_optional("json", purpose="this example", extra="train").__name__
    'json'
    """
    package = module.partition(".")[0]
    if package in _IMPORT_ENVIRONMENT:
        os.environ.setdefault(*_IMPORT_ENVIRONMENT[package])
    try:
        return import_module(module)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == package
        actual = "an installation without it" if missing else f"an error at its import ({error})"
        raise OptionalDependencyError(
            f"Expected the package {package} for {purpose}, got {actual}: pip install 'robustbench-endo[{extra}]'."
        ) from error
