"""``robust-endo gate``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.errors import GATE_EXIT_CODES
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.output_path import OutputPath
from robustbench_endo.errors import RobustEndoError


@command(
    short="Decide whether a run meets acceptance criteria.",
    examples=(
        "robust-endo gate runs/new --plan acceptance.toml",
        "robust-endo gate runs/new --plan acceptance.toml --baseline runs/old",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path))
@option(
    "--plan",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The criteria, alpha and correction, as TOML, written before the numbers are known.",
)
@option(
    "--baseline",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="The run that margins of non-inferiority refer to.",
)
@option(
    "--model",
    "-m",
    "models",
    metavar="NAME",
    multiple=True,
    help="Model of the run to test, repeatable.  [default: those of the plan, or all]",
)
@option(
    "--out",
    "-o",
    group="Output",
    metavar="FILE",
    type=OutputPath(dir_okay=False),
    help="The verdicts as JSON.  [default: gate.json in the run folder]",
)
@option(
    "--junit",
    group="Output",
    metavar="FILE",
    type=OutputPath(dir_okay=False),
    help="Also write JUnit XML.",
)
@option(
    "--markdown",
    group="Output",
    metavar="FILE",
    type=OutputPath(dir_okay=False),
    help="Also write Markdown, for a pull request.",
)
@option("--quiet", "-q", group="Output", is_flag=True, help="Print only the verdict, and what does not pass.")
@json_option
def gate(
    run: Path,
    plan: Path,
    baseline: Path | None,
    models: tuple[str, ...],
    out: Path | None,
    junit: Path | None,
    markdown: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Decide the criteria of a plan on a finished run: pass, fail or undecided.

    A criterion passes where the pessimistic end of its interval meets the bound, fails where the optimistic end
    violates it, and is undecided in between, with too few subjects, or without labels. The verdicts are stored as
    gate.json in the run folder, where reports show them.

    Exit code 0: all criteria pass; 4: one fails; 5: one is undecided, none fails; 2: the plan or a run cannot be used.
    """
    from rich.console import Console

    from robustbench_endo.gate.junit import to_junit
    from robustbench_endo.gate.markdown import to_markdown
    from robustbench_endo.gate.report import GATE_FILE
    from robustbench_endo.gate.run import run_gate
    from robustbench_endo.gate.text import print_gate
    from robustbench_endo.io_utils import write_atomically

    out = out or (run.parent if run.is_file() else run) / GATE_FILE
    _check_different(plan, [path for path in (out, junit, markdown) if path is not None])
    report = run_gate(run, plan, baseline, models)
    paths = [report.write(out)]
    for path, text in ((junit, to_junit), (markdown, to_markdown)):
        if path is not None:
            write_atomically(path, text(report).encode())
            paths.append(path)
    print_gate(report, Console(stderr=as_json), quiet)
    exit_code = GATE_EXIT_CODES[report.verdict]
    if as_json:
        echo_json({**report.to_json(), "paths": [str(path) for path in paths], "exit_code": exit_code})
    else:
        click.echo("Written: " + ", ".join(map(str, paths)), err=quiet)
    if exit_code:
        sys.exit(exit_code)


def _check_different(plan: Path, outputs: Sequence[Path]) -> None:
    """Raise RobustEndoError where an output would replace the plan or another output."""
    names = [os.path.realpath(path) for path in (plan, *outputs)]
    repeated = next((path for path, name in zip(outputs, names[1:], strict=True) if names.count(name) > 1), None)
    if repeated is not None:
        raise RobustEndoError(
            f"Expected different files for --plan, --out, --junit and --markdown, got {repeated} twice: choose another "
            "path."
        )
