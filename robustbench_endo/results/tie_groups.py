"""Groups of models that a comparison cannot distinguish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustbench_endo.results.comparison import Comparison


def tie_groups(comparison: Comparison, metric: str) -> dict[str, str]:
    """Model or method -> the letters of its groups, the best rank first; models without a rank are left out.

    Args:
        comparison: of the models.
        metric: its name.
    """
    ranks = comparison.ranks[comparison.ranks["metric"] == metric].dropna(subset="rank")
    ordered = [str(model) for model in ranks.sort_values("rank", kind="stable")["model"]]
    pairs = comparison.pairs[(comparison.pairs["metric"] == metric) & comparison.pairs["separated"]]
    return letter_display(ordered, zip(pairs["model"], pairs["other"], strict=True))


def letter_display(names: Sequence[str], separated: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name -> letters, such that two names share a letter exactly where they are not separated.

    The compact letter display of Piepho (Journal of Computational and Graphical Statistics 2004).

    Args:
        names: in the order of the letters.
        separated: pairs of names.

    >>> letter_display(["x", "y", "z"], [("x", "z")])
    {'x': 'A', 'y': 'A B', 'z': 'B'}
    """
    groups = [frozenset(names)]
    for pair in separated:
        divided = [group - {name} if set(pair) <= group else group for group in groups for name in pair]
        parts = list(dict.fromkeys(divided))
        groups = [part for part in parts if not any(part < larger for larger in parts)]
    groups.sort(key=lambda group: sorted(map(names.index, group)))
    letters = {group: _letter(position) for position, group in enumerate(groups)}
    return {name: " ".join(letters[group] for group in groups if name in group) for name in names}


def _letter(position: int) -> str:
    """A to Z, then A2, B2, ..."""
    number, letter = divmod(position, len(ascii_uppercase))
    return f"{ascii_uppercase[letter]}{number + 1 if number else ''}"
