"""``robust-endo evidence``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.options import replay_options
from robustbench_endo.cli.output_path import OutputPath
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.evidence import Pack
    from robustbench_endo.results import Check, Results


@command(
    short="Trace hazards to results, checksums and tests.",
    examples=(
        "robust-endo evidence runs/demo --hazards hazards.csv --out evidence",
        "robust-endo evidence RUN --hazards FILE --plan acceptance.toml --out DIR",
        "robust-endo evidence runs/demo --check evidence",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path))
@option(
    "--hazards",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="CSV with the columns id, hazard, corruptions, severities, criterion, and harm and note if needed.",
)
@option(
    "--plan", metavar="FILE", type=click.Path(path_type=Path), help="Plan of robust-endo gate whose criteria are named."
)
@option("--baseline", metavar="RUN", type=click.Path(path_type=Path), help="Run that margins of the plan refer to.")
@option(
    "--check",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Evidence pack to compute again from RUN and to compare; nothing is written.",
)
@option(
    "--test-log",
    metavar="FILE",
    group="Tool validation",
    type=click.Path(path_type=Path),
    help="Log of the tests of this package: JUnit XML, or the output of make test.  [default: known answers]",
)
@replay_options(0, "Tool validation")
@option(
    "--out",
    "-o",
    metavar="DIR",
    group="Output",
    type=OutputPath(),
    help="New folder, or one with an earlier pack, which is replaced.",
)
@json_option
def evidence(
    run: Path,
    hazards: Path | None,
    plan: Path | None,
    baseline: Path | None,
    check: Path | None,
    test_log: Path | None,
    replay: int,
    models: tuple[str, ...],
    data: str | None,
    trust_model_file: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write an evidence pack: hazards, the conditions that simulate them, criteria, results, and what proves them.

    Each row of the traceability table names the SHA-256 of the records that it was computed from. What no hazard,
    criterion or condition covers is listed. The pack has the validation of the tool (versions, tests, checks of the
    run), a model card for each model and a data card. It is evidence, not a certification.

    Exit code 0: written, whatever the verdicts; 1: --check found a difference; 2: invalid input.
    """
    from robustbench_endo.cli.verify import print_checks
    from robustbench_endo.evidence import write_evidence
    from robustbench_endo.results import load_results

    if check is not None:
        _refuse(check, hazards, plan, out, test_log)
        print_checks(_checks(run, check, baseline), as_json)
        return
    if hazards is None or out is None:
        missing = "--hazards" if hazards is None else "--out"
        raise RobustEndoError(f"Expected the option {missing}, got none: add it, or give --check DIR.")
    results = load_results(run)
    other = None if baseline is None else load_results(baseline)
    checks = _replay(results, replay, models, data, trust_model_file) if replay or models else []
    pack = write_evidence(results, hazards, out, plan, other, test_log, checks)
    _print(pack, out, as_json)


def _refuse(check: Path, hazards: Path | None, plan: Path | None, out: Path | None, test_log: Path | None) -> None:
    options = {"--hazards": hazards, "--plan": plan, "--out": out, "--test-log": test_log}
    for name, value in options.items():
        if value is not None:
            raise RobustEndoError(
                f"Expected no {name} with --check {check}, got {value}: leave it out, the pack has its inputs."
            )


def _checks(run: Path, folder: Path, baseline: Path | None) -> list[Check]:
    """The pack is compared also where files of the run were changed, so that the rows that differ are named."""
    from robustbench_endo.evaluation.run_checks import check_folder
    from robustbench_endo.evidence import check_evidence
    from robustbench_endo.results import load_results
    from robustbench_endo.results.io import open_run_folder, read_records

    failed = [check for check in check_folder(run) if not check.passed]
    try:
        results = read_records(*open_run_folder(run))
    except RobustEndoError:
        return failed
    return failed + check_evidence(folder, results, None if baseline is None else load_results(baseline))


def _replay(
    results: Results, frames: int, models: tuple[str, ...], data: str | None, trust_model_file: bool
) -> list[Check]:
    """With a seed that follows from the run, so that two packs of it are the same."""
    from robustbench_endo.cli.verify import replay_run

    return replay_run(results, frames or 1, models, data, trust_model_file, int(results.info["checksum"][:8], 16))


def _print(pack: Pack, out: Path, as_json: bool) -> None:
    summary = pack.content["summary"]
    if as_json:
        echo_json({"folder": str(out), "files": sorted(pack.files()), **summary, "exit_code": 0})
        return
    click.echo(
        f"Hazards: {summary['hazards']}, traced to results: {summary['traced']}, not covered: {summary['not_covered']}."
    )
    click.echo(
        f"Results: {summary['rows']}, pass: {summary['pass']}, fail: {summary['fail']}, undecided: "
        f"{summary['undecided']}."
    )
    for row in pack.rows:
        click.echo(f"  {row.verdict:<9}  {row.hazard}  {row.model}: {row.requirement}, {row.conditions}: {row.result}")
    click.echo(f"Not covered: {len(pack.gaps)} entries, see {out / 'not_covered.csv'}.")
    click.echo(f"Written: {out / 'evidence.html'} and {len(pack.files()) - 1} more files.")
