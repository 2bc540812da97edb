"""``robust-endo models`` and ``robust-endo corruptions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from robustbench_endo.cli.command import command, option
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.progress import progress_bar

if TYPE_CHECKING:
    from rich.console import Console

    from robustbench_endo.models.summary import Description

NOTE = (
    "Params and Trained (trainable parameters) are in millions; GMACs and MiB are for one frame at the input size, "
    "height x width (any: {any}), in float32; GMACs count convolutions, matrix products and attention; MiB are an "
    "estimate of parameters and simultaneous activations. Labels: number per task."
)


FILES = (
    "Trunks of others, loaded from their files with --init-weights: SurgeNet ({backbones}), {licence}; DINOv2 (dinov2, "
    "endoarss), Apache-2.0; DINOv3 (dinov3), DINOv3 License. Checkpoints of the EndoARSS authors "
    "(endoarss/official): they state no licence."
)


def print_models(entries: Sequence[Description], console: Console) -> None:
    """Print one row per model, and the definitions of the numbers."""
    from rich.table import Column, Table

    from robustbench_endo.tasks.registry import TASKS

    numbers = (Column(name, justify="right") for name in ("Params", "Trained", "GMACs", "MiB", "Input", "Labels"))
    table = Table(Column("Model", overflow="fold"), *numbers, "Weights", box=None, pad_edge=False)
    for entry in entries:
        table.add_row(
            entry.name,
            _number(entry.parameters / 1e6 or None),
            _number(entry.trainable / 1e6 if entry.parameters else None),
            _number(entry.gmacs),
            _number(entry.peak_mib),
            "any" if entry.input_size is None else _size(entry.input_size),
            "+".join(str(entry.outputs.get(task.name, 0)) for task in reversed(TASKS)),
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
        texts = "; ".join(f"{text} ({_backbones(names)})" for text, names in licences.items())
        console.print(f"Available weights: {texts}.", highlight=False)


def _backbones(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(name.partition("/")[0] for name in names))


def _kind(weights: str) -> str:
    """``shipped``, ``trunk``, ``none`` or ``yours``; the licence is printed below the table."""
    return weights.partition(":")[0].split()[-1] if ":" in weights else weights.split()[0]


def _number(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return "?"
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@command(
    short="List or describe models: size, cost, weights.",
    examples=(
        "robust-endo models",
        "robust-endo models --model my_model.py:build",
    ),
)
@option(
    "--model",
    "-m",
    "specs",
    metavar="SPEC",
    multiple=True,
    help="Repeatable: any --model of evaluate instead of all known names.",
)
@json_option
def models(specs: tuple[str, ...], as_json: bool) -> None:
    """List the models that --model knows by name, or describe your own: size, cost, weights.

    Entries of the zoo are described for 7 classes and 3 activities.
    """
    from rich.console import Console

    from robustbench_endo.models import list_models
    from robustbench_endo.models.summary import SURGENET, SURGENET_LICENCE, describe_model

    names = specs or list_models()
    entries = []
    with progress_bar("Describing", "models") as advance:
        for number, name in enumerate(names, 1):
            entries.append(describe_model(name))
            advance(number, len(names))
    if as_json:
        echo_json([asdict(entry) for entry in entries])
        return
    console = Console()
    print_models(entries, console)
    if not specs:
        console.print(FILES.format(backbones=", ".join(SURGENET), licence=SURGENET_LICENCE), highlight=False)


@command(
    short="List corruptions: cause, parameters, citation.",
    examples=(
        "robust-endo corruptions --corruption smoke",
        "robust-endo corruptions --suite endo-surgical --json",
    ),
)
@option("--corruption", "-c", metavar="NAME,...", default="all", help="all, a category, or names separated by commas.")
@option(
    "--suite", metavar="SUITE", default="endo19", help="endo19, endo-surgical, endoarss, imagenet-c, or a TOML file."
)
@json_option
def corruptions(corruption: str, suite: str, as_json: bool) -> None:
    """List the corruptions with their cause, parameters by severity, and citation."""
    from rich.console import Console

    from robustbench_endo.corruptions import load_suite

    loaded = load_suite(suite)
    names = loaded.select(corruption)
    entries = [entry for entry in loaded.describe() if entry["name"] in names]
    if as_json:
        echo_json(entries)
        return
    size = loaded.reference_size
    frame = "the frame itself" if size is None else f"a frame whose short side is {size}"
    console = Console(highlight=False)
    console.print(
        f"Suite {loaded.name}: lengths are in pixels of {frame}; frames are corrupted at {_at(loaded.resolution)}.\n"
    )
    for entry in entries:
        print_corruption(entry, console)


def _at(resolution: Any) -> str:
    if resolution == "native":
        return "their own size"
    if isinstance(resolution, int):
        return f"a short side of at most {resolution}"
    return f"{resolution[0]} x {resolution[1]} (height x width)"


class Parameter(NamedTuple):
    """A parameter with its unit, and one value per severity."""

    name: str
    unit: str
    values: tuple[str, ...]

    @property
    def constant(self) -> bool:
        """Whether it is the same at every severity."""
        return len(set(self.values)) == 1


def parameters(entry: Mapping[str, Any]) -> list[Parameter]:
    """The parameters of an entry of :meth:`robustbench_endo.corruptions.Suite.describe`, in their order."""
    levels = entry["severities"]
    return [
        Parameter(name, entry["units"].get(name, ""), tuple(_text(level[name]) for level in levels))
        for name in levels[0]
    ]


def constants(entries: Sequence[Parameter]) -> str:
    """``grain 1 px, cut 0.05 opacity``: the parameters that are the same at every severity."""
    return ", ".join(f"{item.name} {item.values[0]} {item.unit}".rstrip() for item in entries if item.constant)


def print_corruption(entry: Mapping[str, Any], console: Console) -> None:
    """Print name, category, cause, a table of the parameters that depend on severity, constants, citation."""
    from rich.padding import Padding
    from rich.table import Table

    values = parameters(entry)
    console.print(f"[bold]{entry['name']}[/bold] ({entry['category']})")
    console.print(Padding(entry["cause"], (0, 0, 0, 2), expand=False))
    table = Table("severity", *(str(level) for level in range(1, 6)), box=None, pad_edge=False)
    for item in values:
        if not item.constant:
            table.add_row(f"{item.name} ({item.unit})" if item.unit else item.name, *item.values)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if fixed := constants(values):
        console.print(Padding(f"constant: {fixed}", (0, 0, 0, 2), expand=False))
    console.print(Padding(f"source: {entry['citation']}", (0, 0, 1, 2), expand=False))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
