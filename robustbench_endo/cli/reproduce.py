"""``robust-endo reproduce``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.errors import INTERRUPTED
from robustbench_endo.cli.options import names
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.reproduction.experiments import Grid
    from robustbench_endo.reproduction.presets import Scale

CELLS_FAILED = 3
"""Exit code of a table that is complete but for cells that failed."""

FORMATS = ("csv", "latex", "html")


@click.command()
@click.argument("what", metavar="table2|table3|table4|table5|table6|table7|figure5|figure6")
@click.option("--data", "-d", multiple=True, help="mtlesd:DIR or mtlendovis:DIR; both for tables 5 and 6.")
@click.option("--data-gen", help="mtlendovis-gen:DIR, for table4.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), default=Path("runs/reproduction"), help="Shared by all tables."
)
@click.option("--dry-run", is_flag=True, help="Show the data, the grid and how long it may take; do nothing.")
@click.option("--synthetic", is_flag=True, help="Small networks on drawn scenes stand for the paper's.")
@click.option("--quick", is_flag=True, help="With --synthetic: toy size, about a minute a table.")
@click.option("--models", help="Only these rows: patterns such as endoarss/*, resnet101/mmoe/stch, by comma.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of the paper's 200.")
@click.option("--seed", type=int, help="Of every training.  [default: 0]")
@click.option("--precision", help="32-true, bf16-mixed, 16-mixed or bf16-true.  [default: 32-true]")
@click.option("--grad-accum", type=click.IntRange(1), help="Parts that a batch is run in.  [default: 1]")
@click.option("--init-weights", default="pretrained", help="Of the large backbones' trunks: pretrained, or none.")
@click.option("--limit", "-n", type=click.IntRange(1), help="Judge on at most this many test frames.")
@click.option("--shard", default="1/1", help="i/n: train and judge the i-th of n shares; afterwards once without.")
@click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
@click.option("--format", "formats", default="csv,latex,html", help=f"Files to write: {', '.join(FORMATS)}, or none.")
def reproduce(
    what: str,
    data: tuple[str, ...],
    data_gen: str | None,
    out: Path,
    dry_run: bool,
    synthetic: bool,
    quick: bool,
    models: str | None,
    init_weights: str,
    limit: int | None,
    shard: str,
    device: str,
    formats: str,
    **changes: Any,
) -> None:
    """Make a table or figure of the paper again: train what is missing, judge it, set it beside the paper's.

    Networks lie in OUT and are shared by all tables; a command that is interrupted goes on where it stopped. Cells that
    fail are listed, and do not stop the others (exit code 3).
    """
    from robustbench_endo import api
    from robustbench_endo.cli.reproduce_output import plan, show, telling
    from robustbench_endo.evaluation import choose_device
    from robustbench_endo.evaluation.shard import parse_shard
    from robustbench_endo.reproduction.comparison_table import beside
    from robustbench_endo.reproduction.datasets import drawn, facts, given
    from robustbench_endo.reproduction.experiments import grid
    from robustbench_endo.reproduction.presets import chosen, require_trunks
    from robustbench_endo.reproduction.runner import ExperimentRunner

    wanted, parts = grid(what), _formats(formats)
    scale, trunk, share = _scale(synthetic, quick, changes), _initial(init_weights, synthetic), parse_shard(shard)
    wanted = chosen(wanted, names(models) or ())
    if synthetic and (data or data_gen):
        raise RobustEndoError("Expected --data or --synthetic, got both: leave one out.")
    sources = {name: drawn(name, scale) for name in wanted.datasets} if synthetic else given(data, data_gen, wanted)
    wanted = chosen(wanted, data=sources)
    workshop = ExperimentRunner(out, scale, sources, api.evaluate, choose_device(device), trunk, limit, share)
    told = facts(sources, workshop.open(wanted))
    if dry_run:
        plan(wanted, workshop, told)
        return
    if trunk:
        require_trunks(workshop.untrained(wanted))
    try:
        with telling(wanted) as workshop.tell:
            outcomes = workshop.work(wanted)
    except KeyboardInterrupt:
        click.echo(f"Interrupted: what is finished is kept in {out}; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    notes = _notes(wanted, scale, told, changes, trunk, limit)
    show(wanted, beside(wanted, outcomes, scale), outcomes, notes, out / scale.name, parts)
    if any(outcome.failed for outcome in outcomes.values()):
        sys.exit(CELLS_FAILED)


def _notes(
    grid: Grid, scale: Scale, facts: list[str], changes: dict[str, Any], trunk: str | None, limit: int | None
) -> list[str]:
    """What a reader of the numbers has to know."""
    given = [f"{name} {value}" for name, value in changes.items() if value is not None]
    departures = given if not scale.synthetic else []
    departures += ["trunks not pretrained"] if not (trunk or scale.synthetic) else []
    departures += [f"judged on at most {limit} frames"] if limit else []
    told = [f"Departures from the paper: {', '.join(departures)}."] if departures else []
    return [*scale.notes, *told, *grid.remarks, *facts]


def _scale(synthetic: bool, quick: bool, changes: dict[str, Any]) -> Scale:
    from dataclasses import replace

    from robustbench_endo.reproduction.presets import PAPER, QUICK, SYNTHETIC

    if quick and not synthetic:
        raise RobustEndoError("Expected --synthetic with --quick, got it alone: give both, or leave --quick out.")
    base = QUICK if quick else SYNTHETIC if synthetic else PAPER
    return replace(base, changes={name: value for name, value in changes.items() if value is not None})


def _initial(text: str, synthetic: bool) -> str | None:
    if text not in ("pretrained", "none"):
        raise RobustEndoError(f"Expected --init-weights pretrained or none, got {text!r}: choose one.")
    return None if text == "none" or synthetic else text


def _formats(text: str) -> list[str]:
    wanted = [] if text == "none" else list(names(text) or ())
    strange = [name for name in wanted if name not in FORMATS]
    if strange:
        raise RobustEndoError(f"Expected formats among {', '.join(FORMATS)}, got {strange[0]!r}: correct --format.")
    return wanted
