"""``robust-endo models | datasets | corruptions``."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table


@click.command()
def models() -> None:
    """List the models that --model knows by name."""
    from robustbench_endo.models import EMBEDDED, list_models, load_model

    table = Table("Model", "Parameters", "Input", "Weights shipped")
    for name in list_models():
        model = load_model(name, num_classes=7, num_activities=3)
        size = _size(model.input_size)
        count = sum(parameter.numel() for parameter in model.parameters())
        table.add_row(name, f"{count:,}", size, "yes" if name in EMBEDDED else "no")
    Console().print(table)


@click.command()
def datasets() -> None:
    """List the datasets that --data knows by name."""
    from robustbench_endo.data.registry import DESCRIPTIONS

    table = Table("Dataset", "What")
    for name, what in DESCRIPTIONS.items():
        table.add_row(name, what)
    Console().print(table)


@click.command()
@click.option("--suite", default="endo19", help="endo19, paper, imagenet-c, or a TOML file.")
def corruptions(suite: str) -> None:
    """List the corruptions with their cause, parameters by severity, and reference."""
    from robustbench_endo.corruptions import load_suite

    table = Table("Group", "Corruption", "Cause", "Severities 1 to 5", "Reference")
    for entry in load_suite(suite).describe():
        levels = "\n".join(_level(name, entry) for name in entry["severities"][0])
        table.add_row(entry["group"], entry["name"], entry["cause"], levels, entry["reference"])
    Console().print(table)


def _size(size: Any) -> str:
    return "any" if size is None else f"{size[0]} x {size[1]}"


def _level(name: str, entry: dict[str, Any]) -> str:
    """One parameter over the five severities: ``std (share of white): 0.08 0.12 0.18 0.26 0.38``."""
    unit = entry["units"].get(name)
    values = (level[name] for level in entry["severities"])
    text = " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
    return f"{name} ({unit}): {text}" if unit else f"{name}: {text}"
