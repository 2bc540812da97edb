"""``robust-endo models | datasets | corruptions``."""

from __future__ import annotations

import json
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
@click.option("--corruption", "-c", default="all", help="all, a group, or names separated by commas.")
@click.option("--suite", default="endo19", help="endo19, paper, imagenet-c, or a TOML file.")
@click.option("--format", "form", default="text", type=click.Choice(["text", "json"]), help="json: for programs.")
def corruptions(corruption: str, suite: str, form: str) -> None:
    """List the corruptions with their cause, parameters by severity, and reference."""
    from robustbench_endo.cli.parameters import print_corruption
    from robustbench_endo.corruptions import load_suite

    chosen = load_suite(suite)
    names = chosen.select(corruption)
    entries = [entry for entry in chosen.describe() if entry["name"] in names]
    if form == "json":
        click.echo(json.dumps(entries, indent=1, ensure_ascii=False))
        return
    of = "the frame itself" if chosen.reference is None else f"a frame whose short side is {chosen.reference}"
    click.echo(f"Suite {chosen.name}: lengths are pixels of {of}; frames are corrupted at {_at(chosen.resolution)}.\n")
    for entry in entries:
        print_corruption(entry, Console(highlight=False))


def _at(resolution: Any) -> str:
    if resolution == "native":
        return "their own size"
    if isinstance(resolution, int):
        return f"a short side of at most {resolution}"
    return f"{resolution[0]} x {resolution[1]} (height x width)"


def _size(size: Any) -> str:
    return "any" if size is None else f"{size[0]} x {size[1]}"
