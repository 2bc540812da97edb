"""Errors that a user reads: one sentence with what was expected, what was given and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class RobustEndoError(ValueError):
    """Base of every error that the command line prints as one sentence (exit code 2)."""


class UnknownNameError(RobustEndoError):
    """A name that is not registered, such as that of a model, dataset, corruption or metric."""


class OptionalDependencyError(RobustEndoError, ImportError):
    """A package that belongs to an optional extra is not installed."""


class CorruptionError(RobustEndoError):
    """Invalid input to a corruption or a suite."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not registered.

    Args:
        kind: what was named, such as ``model``.
        name: the name that was given.
        known: registered names; the message lists the closest matches, or all of them when none is close.

    >>> print(unknown_name("corruption", "smok", ["smoke", "contrast"]))
    Expected the name of a corruption, got 'smok': did you mean smoke?
    """
    names = list(known)
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"choose from {', '.join(names)}."
    article = "an" if kind[:1] in "aeiou" else "a"
    return UnknownNameError(f"Expected the name of {article} {kind}, got {name!r}: {hint}")
