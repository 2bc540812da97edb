"""Unknown names, answered with the nearest known ones."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from .errors import CorruptionError


def unknown(what: str, found: str, known: Iterable[str]) -> CorruptionError:
    """The error for a name that nobody registered: the closest matches, or all names when none is close."""
    names = list(known)
    close = get_close_matches(found, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}."
    return CorruptionError(f"Expected the name of {what}, found {found!r}; {hint}")
