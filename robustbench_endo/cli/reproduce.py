"""``robust-endo reproduce``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.config_options import config_options
from robustbench_endo.cli.verbosity import verbosity_options
from robustbench_endo.interruption import resumable
from robustbench_endo.reproduction.config import ReproductionConfig

if TYPE_CHECKING:
    from robustbench_endo.reproduction.presets import Scale

NAMES = (*(f"table{number}" for number in range(2, 8)), "figure5", "figure6")
"""Tables and figures, as in :mod:`robustbench_endo.reproduction.experiments`, without importing it."""

CELLS_FAILED = 3
"""Exit code of a table that is complete except for cells that failed."""


@command(
    short="Reproduce a table or figure of the EndoARSS paper.",
    examples=(
        "robust-endo reproduce table2 --synthetic --quick",
        "robust-endo reproduce table2 --data mtlesd:DIR --dry-run",
    ),
)
@argument("what", metavar="TABLE", type=click.Choice(NAMES))
@config_options(ReproductionConfig, "reproduce")
@verbosity_options
@option(
    "--dry-run", group="Computing", is_flag=True, help="Show data, experiments and their estimated duration, and exit."
)
def reproduce(config: ReproductionConfig, what: str, dry_run: bool) -> None:
    """Reproduce a table or figure of the paper: train what is missing, evaluate it, compare it with the published.

    TABLE is table2 to table7, figure5 or figure6. Networks are stored in OUT and shared by all tables; an interrupted
    command is resumed. Cells that fail are listed, and the others are run (exit code 3).
    """
    from robustbench_endo.cli.reproduce_output import cell_progress, print_plan, seed_notes, show_table
    from robustbench_endo.evaluation.device import choose_device
    from robustbench_endo.evaluation.run import evaluate
    from robustbench_endo.evaluation.shard import parse_shard
    from robustbench_endo.reproduction.comparison_table import comparison_table
    from robustbench_endo.reproduction.datasets import describe_sources, parse_sources, synthetic_source
    from robustbench_endo.reproduction.experiments import grid
    from robustbench_endo.reproduction.presets import require_trunks, select_rows
    from robustbench_endo.reproduction.runner import ExperimentRunner

    selected, scale = select_rows(grid(what), config.models), _scale(config)
    if config.synthetic:
        sources = {name: synthetic_source(name, scale) for name in selected.datasets}
    else:
        sources = parse_sources(config.data, config.data_gen, selected)
    selected = select_rows(selected, data=sources)
    runner = ExperimentRunner(
        config.out,
        scale,
        sources,
        evaluate,
        choose_device(config.device),
        config.trunk_weights,
        config.limit,
        parse_shard(config.shard),
        num_seeds=config.seeds,
    )
    facts = describe_sources(sources, runner.open(selected))
    if dry_run:
        print_plan(selected, runner, facts)
        return
    if config.trunk_weights:
        require_trunks(runner.untrained(selected))
    with resumable(config.out):
        with cell_progress(selected) as runner.progress:
            outcomes = runner.run(selected)
        notes = [*scale.notes, *_deviations(config, scale), *seed_notes(selected, runner), *selected.remarks, *facts]
        table = comparison_table(selected, outcomes, scale)
        show_table(selected, table, outcomes, notes, config.out / scale.name, config.formats)
    if any(outcome.failed for outcome in outcomes.values()):
        sys.exit(CELLS_FAILED)


def _deviations(config: ReproductionConfig, scale: Scale) -> list[str]:
    """How the settings differ from those of the paper."""
    deviations = [f"{name} {value}" for name, value in config.training_changes.items() if not scale.synthetic]
    deviations += [] if config.trunk_weights or scale.synthetic else ["trunks not pretrained"]
    deviations += [f"evaluated on at most {config.limit} frames"] if config.limit else []
    return [f"Deviations from the paper: {', '.join(deviations)}."] if deviations else []


def _scale(config: ReproductionConfig) -> Scale:
    from dataclasses import replace

    from robustbench_endo.reproduction.presets import PAPER, QUICK, SYNTHETIC

    base = QUICK if config.quick else SYNTHETIC if config.synthetic else PAPER
    return replace(base, changes=config.training_changes)
