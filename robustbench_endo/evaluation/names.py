"""Names that a run stores and prints: without control characters, which a terminal or a page would interpret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.types import Dataset

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Control characters, line separators, and what is no character in XML."""


def check_names(kinds: Mapping[str, Iterable[str]]) -> None:
    """Raise :class:`RobustEndoError` where a name has a character that terminals and pages interpret.

    Args:
        kinds: what is named -> names.
    """
    for kind, names in kinds.items():
        if (name := next((name for name in names if CONTROL.search(name)), None)) is not None:
            raise RobustEndoError(
                f"Expected {kind} without control characters, got {ascii(name)[:100]}: rename it, because terminals "
                "and reports interpret them."
            )


def printable(text: str) -> str:
    """A text with its control characters replaced.

    >>> printable("cannot read \\x1b[31m")
    'cannot read \ufffd[31m'
    """
    return CONTROL.sub("\ufffd", text)


def check_dataset_names(dataset: Dataset) -> None:
    """Check the name of a data set, those of its frames and subjects, and its labels."""
    check_names(
        {
            "a name of the data": [str(dataset.name)],
            "frame names": map(str, dataset.ids),
            "subjects": map(str, dataset.subjects),
            "class names": dataset.classes,
            "activity names": dataset.activities,
        }
    )
