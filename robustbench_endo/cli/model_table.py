"""The table of ``robust-endo models``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from robustbench_endo.models.description import Description

NOTE = (
    "Params and Trained (what training moves) are in millions; GMACs and MiB are for one frame at the input size, "
    "height x width (any: {any}), in float32; GMACs count convolutions, matrix products and attention; MiB are "
    "parameters and the activations alive at once, an estimate. Tasks: classes + activities."
)


def print_models(entries: Sequence[Description], console: Console) -> None:
    """A row a model, and what the numbers mean."""
    numbers = (Column(name, justify="right") for name in ("Params", "Trained", "GMACs", "MiB", "Input", "Tasks"))
    table = Table(Column("Model", overflow="fold"), *numbers, "Weights", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(
            entry.name,
            _number(entry.parameters / 1e6 or None),
            _number(entry.trainable / 1e6 if entry.parameters else None),
            _number(entry.gmacs),
            _number(entry.peak_mib),
            "any" if entry.input_size is None else _size(entry.input_size),
            "+".join(str(entry.outputs.get(task, 0)) for task in ("segmentation", "activity")),
            _kind(entry.weights),
        )
    console.print(table)
    measured = [entry.measured_size for entry in entries if entry.input_size is None]
    note = NOTE if measured else NOTE.replace(" (any: {any})", "")
    console.print(note.format(any=_size(measured[0]) if measured else ""), highlight=False)
    licences: dict[str, list[str]] = {}
    for entry in entries:
        if ":" in entry.weights:
            licences.setdefault(entry.weights, []).append(entry.name)
    if licences:
        listed = "; ".join(f"{text} ({_backbones(names)})" for text, names in licences.items())
        console.print(f"Weights that one can have: {listed}.", highlight=False)


def _backbones(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(name.partition("/")[0] for name in names))


def _kind(weights: str) -> str:
    """``shipped``, ``trunk``, ``none`` or ``yours``; the licence stands below the table."""
    return weights.partition(":")[0].split()[-1] if ":" in weights else weights.split()[0]


def _number(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
