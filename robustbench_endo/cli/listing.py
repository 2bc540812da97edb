"""``robust-endo models | corruptions``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console

from robustbench_endo.cli.model_table import print_models
from robustbench_endo.cli.progress import progress_bar


@click.command()
@click.option(
    "--model", "-m", "specs", multiple=True, help="Repeatable: any --model of evaluate instead of all known names."
)
@click.option("--format", "form", default="text", type=click.Choice(["text", "json"]), help="json: for programs.")
def models(specs: tuple[str, ...], form: str) -> None:
    """List the models that --model knows by name, or describe your own: size, cost, weights.

    Entries of the zoo are described for 7 classes and 3 activities.
    """
    from robustbench_endo.models import list_models
    from robustbench_endo.models.description import describe_model

    names = specs or list_models()
    entries = []
    with progress_bar("Describing", "models") as advance:
        for number, name in enumerate(names, 1):
            entries.append(describe_model(name))
            advance(number, len(names))
    if form == "json":
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=1))
    else:
        print_models(entries, Console())


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
