"""The parameters of a corruption as people read them: what changes with severity, and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.table import Table


class Parameter(NamedTuple):
    """A parameter with its unit, and one value a severity."""

    name: str
    unit: str
    values: tuple[str, ...]

    @property
    def constant(self) -> bool:
        """Is it the same at every severity?"""
        return len(set(self.values)) == 1


def parameters(entry: Mapping[str, Any]) -> list[Parameter]:
    """The parameters of an entry of :meth:`robustbench_endo.corruptions.Suite.describe`, in the order of the code."""
    levels = entry["severities"]
    return [
        Parameter(name, entry["units"].get(name, ""), tuple(_text(level[name]) for level in levels))
        for name in levels[0]
    ]


def constants(listed: list[Parameter]) -> str:
    """``grain 1 px, cut 0.05 opacity``: the parameters that are the same at every severity."""
    return ", ".join(f"{item.name} {item.values[0]} {item.unit}".rstrip() for item in listed if item.constant)


def print_corruption(entry: Mapping[str, Any], console: Console) -> None:
    """Name, group, cause, a table of what changes with severity, constants, reference."""
    listed = parameters(entry)
    console.print(f"[bold]{entry['name']}[/bold] ({entry['group']})")
    console.print(Padding(entry["cause"], (0, 0, 0, 2)))
    table = Table("severity", *(str(level) for level in range(1, 6)), box=None, pad_edge=False)
    for item in listed:
        if not item.constant:
            table.add_row(f"{item.name} ({item.unit})" if item.unit else item.name, *item.values)
    console.print(Padding(table, (0, 0, 0, 2)))
    if fixed := constants(listed):
        console.print(Padding(f"always: {fixed}", (0, 0, 0, 2)))
    console.print(Padding(f"after: {entry['reference']}", (0, 0, 1, 2)))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
