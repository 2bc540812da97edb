"""``robust-endo verify``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

VERIFICATION_FAILED = 1
"""Exit code of a run that breaks a check."""


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def verify(run: Path) -> None:
    """Check that the records of a finished run fit each other, the truth and the files of its folder.

    Detects runs that were changed or mixed up, masks that did not move with the image, a seed that was used twice, the
    same frame under two names, and labels in another order than those of the data.

    Exit code 0: all checks passed; 1: one did not; 2: there is no such run.
    """
    from robustbench_endo.results import load_results
    from robustbench_endo.results import verify as run_checks

    checks = run_checks(load_results(run))
    for check in checks:
        click.echo(f"passed  {check.name}" if check.passed else f"FAILED  {check.name}: {check.problem}")
    failed = sum(not check.passed for check in checks)
    click.echo(f"{failed} of {len(checks)} checks failed." if failed else f"All {len(checks)} checks passed.")
    if failed:
        sys.exit(VERIFICATION_FAILED)
