"""The rows of every table by condition: their order, labels and kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustbench_endo.reports.data.tables import (
    CATEGORY_ROW,
    CLEAN_ROW,
    CORRUPTION_ROW,
    MEAN_ROW,
    RECORDED_MEAN_ROW,
    RECORDED_ROW,
    RowKind,
)
from robustbench_endo.reports.formatting import title
from robustbench_endo.results.schema import CLEAN, RECORDED
from robustbench_endo.results.table import Formula, mean_of_corruptions, row_formulas

if TYPE_CHECKING:
    from robustbench_endo.results import Results

SEPARATOR = "+"
"""Between the parts of a compound of corruptions."""

HELD_OUT = "held_out"
"""The row (``mean``, ``held_out``): the mean over the corruptions that no model was trained on."""


@dataclass(frozen=True)
class TableRow:
    """A row of the tables by condition.

    Attributes:
        key: (category, corruption), as in :meth:`Results.table`.
        label: as printed.
        kind: how it is laid out.
        formula: its value from the scores of all conditions.
        corruptions: those that enter it.
    """

    key: tuple[str, str]
    label: str
    kind: RowKind
    formula: Formula
    corruptions: frozenset[str] = frozenset()


def table_rows(results: Results) -> list[TableRow]:
    """The rows of a run in reading order."""
    return condition_rows(results.corruption_categories, results.recorded_conditions, held_out(results))


def condition_rows(
    categories: Mapping[str, str], recorded: Sequence[str] = (), held_out: Sequence[str] | None = None
) -> list[TableRow]:
    """Clean, each category's mean followed by its corruptions, the means of all, the recorded conditions.

    Args:
        categories: corruption -> category, in the order of the suite.
        recorded: names of the recorded conditions.
        held_out: corruptions that no model was trained on; None where no model was trained on any.
    """
    formulas = row_formulas(categories, recorded)
    names = list(categories)

    def row(key: tuple[str, str], label: str, kind: RowKind, corruptions: Sequence[str] = ()) -> TableRow:
        return TableRow(key, label, kind, formulas[key], frozenset(corruptions))

    rows = [row((CLEAN, CLEAN), "Clean", CLEAN_ROW)]
    for category in dict.fromkeys(categories.values()):
        members = [name for name in names if categories[name] == category]
        rows.append(row(("mean", category), title(category), CATEGORY_ROW, members))
        rows += [row((category, name), title(name), CORRUPTION_ROW, [name]) for name in members]
    if names:
        rows.append(row(("mean", "all"), "Mean of all corruptions", MEAN_ROW, names))
    if held_out is not None:
        formula = mean_of_corruptions([names.index(name) for name in held_out])
        rows.append(TableRow(("mean", HELD_OUT), "Mean of held-out corruptions", MEAN_ROW, formula))
    if recorded:
        rows.append(row(("mean", RECORDED), "Recorded conditions", RECORDED_MEAN_ROW))
        rows += [row((RECORDED, name), title(name), RECORDED_ROW) for name in recorded]
    return rows


def trained_on(results: Results) -> dict[str, frozenset[str]]:
    """Model -> corruptions of the run that it was trained on; empty where the run does not record them.

    A compound of corruptions counts if one of its parts does.
    """
    parts = {name: {name, *name.split(SEPARATOR)} for name in results.corruptions}
    return {
        entry["name"]: frozenset(name for name in parts if parts[name] & set(entry.get("trained_on") or ()))
        for entry in results.info["models"]
    }


def held_out(results: Results) -> list[str] | None:
    """The corruptions that no model of the run was trained on; None where no model was trained on any.

    The set is the same for all models: means over different corruptions cannot be compared.
    """
    trained = frozenset().union(*trained_on(results).values())
    return [name for name in results.corruptions if name not in trained] if trained else None
