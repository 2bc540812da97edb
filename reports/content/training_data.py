"""Which corruptions a model saw while it was trained: what it scores there is no robustness."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustbench_endo.results import Results

HELD_OUT = "held_out"
"""The row (``mean``, ``held_out``) of a table: the mean over the corruptions that no model was trained on."""

DAGGER = "†"


def trained_on(results: Results) -> dict[str, frozenset[str]]:
    """Model -> corruptions of the run that it was trained on; nothing for a run that does not tell."""
    return {
        entry["name"]: frozenset(entry.get("trained_on") or ()) & set(results.corruptions)
        for entry in results.info["models"]
    }


def held_out(results: Results) -> list[str] | None:
    """The corruptions that no model of the run was trained on, in its order; None where no model saw any.

    One set for all models: means over different corruptions cannot be compared.
    """
    seen = frozenset().union(*trained_on(results).values())
    return [name for name in results.corruptions if name not in seen] if seen else None
