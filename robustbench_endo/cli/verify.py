"""``robust-endo verify``."""

from __future__ import annotations

import sys
from collections.abc import Container, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robustbench_endo.cli.command import argument, command, option
from robustbench_endo.cli.errors import VERIFICATION_FAILED
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.options import replay_options
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.evaluation.config import EvaluationConfig
    from robustbench_endo.results import Check, Results
    from robustbench_endo.types import Dataset


@command(
    short="Check that a finished run is intact and consistent.",
    examples=(
        "robust-endo verify runs/mine",
        "robust-endo verify runs/mine --replay 5 --model mine=runs/train",
        "robust-endo verify --self-test",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path), required=False)
@replay_options(0)
@option(
    "--baseline",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Run that margins in gate.json and in evidence packs of the run refer to.",
)
@option(
    "--self-test",
    is_flag=True,
    help="Also check this installation: corruptions, metrics and statistics against known answers.",
)
@json_option
def verify(
    run: Path | None,
    replay: int,
    models: tuple[str, ...],
    data: str | None,
    trust_model_file: bool,
    baseline: Path | None,
    self_test: bool,
    as_json: bool,
) -> None:
    """Check that a finished run is what its evaluation wrote, and that its records fit each other and the truth.

    Detects files that were changed, exchanged or removed, records that are missing or occur twice, aggregates that do
    not follow from the records, masks that did not move with the image, a seed that was used twice, the same frame
    under two names, and labels in another order than those of the data. The numbers of the reports (HTML, PDF, LaTeX,
    Markdown), of the tables, of gate.json and of evidence packs in the run folder are computed again and compared.
    With --replay, corrupted images and predictions are computed again, too.

    Exit code 0: all checks passed; 1: one did not; 2: there is no such run.
    """
    from robustbench_endo.evaluation.run_checks import check_folder

    if run is None and not self_test:
        raise RobustEndoError("Expected the argument RUN, got none: give the folder of a run, or --self-test.")
    checks = _self_test() if self_test else []
    if run is not None:
        folder = check_folder(run)
        checks += folder
        if all(check.passed for check in folder):
            checks += _check_run(run, {check.name for check in folder}, baseline)
            if replay or models:
                checks += replay_run(_load(run), replay or 1, models, data, trust_model_file)
    print_checks(checks, as_json)


def _self_test() -> list[Check]:
    from robustbench_endo.evidence import run_self_test

    return run_self_test()


def _load(run: Path) -> Results:
    from robustbench_endo.results import load_results

    return load_results(run)


def _check_run(run: Path, checked: Container[str], baseline: Path | None) -> list[Check]:
    """The records of a run, and the files that were computed from them."""
    from robustbench_endo.evidence import check_gate, check_packs
    from robustbench_endo.reports import check_reports, check_tables
    from robustbench_endo.reproduction.published_numbers import published_for_run
    from robustbench_endo.results import verify

    results, other = _load(run), None if baseline is None else _load(baseline)
    checks = [check for check in verify(results) if check.name not in checked]
    checks += check_tables(results)
    checks += check_reports(results, published_for_run(results))
    return [*checks, *check_gate(results, other), *check_packs(results, other)]


def replay_run(
    results: Results,
    frames: int,
    models: Sequence[str],
    data: str | None,
    trust_model_file: bool = False,
    seed: int | None = None,
) -> list[Check]:
    """Compute frames of a run again, with its data and, if given, its models; see :func:`.replay.replay`."""
    from robustbench_endo.cli.resolve_inputs import load_models_and_data
    from robustbench_endo.evaluation.replay import replay

    if not models:
        return replay(results, load_data_of_run(results, data), frames, seed=seed)
    config, options = _stored(results)
    loaded, dataset = load_models_and_data(
        models,
        data or config.data,
        config.split,
        config.classes,
        config.subject_regex,
        trust_model_file=trust_model_file,
        known_names=results.models,
        **options,
    )
    return replay(results, dataset, frames, loaded, seed)


def load_data_of_run(results: Results, data: str | None) -> Dataset:
    """The data set of a run by the settings in its run.json; ``data`` says where it is now."""
    from robustbench_endo.cli.resolve_inputs import load_data

    config, options = _stored(results)
    # A folder without names of its classes took those of the models.
    names = next((tuple(results.labels[task.name]) for task in results.tasks if task.has_label_map), None)
    return load_data(data or config.data, config.split, config.classes, config.subject_regex, names, **options)


def _stored(results: Results) -> tuple[EvaluationConfig, dict[str, Any]]:
    """The settings of a run, and those of its data that have no position in the calls."""
    from robustbench_endo.config import from_values
    from robustbench_endo.evaluation.config import EvaluationConfig

    stored = {name: value for name, value in results.info.get("config", {}).items() if value is not None}
    config = from_values(EvaluationConfig, stored, f"the run {results.path}")
    return config, {"label_map": config.label_map, "assume_independent_frames": config.assume_independent_frames}


def print_checks(checks: Sequence[Check], as_json: bool) -> None:
    """Print checks, and exit with code 1 where one failed."""
    failed = sum(not check.passed for check in checks)
    exit_code = VERIFICATION_FAILED if failed else 0
    if as_json:
        rows = [{"name": check.name, "passed": check.passed, "problem": check.problem} for check in checks]
        echo_json({"checks": rows, "failed": failed, "exit_code": exit_code})
    else:
        for check in checks:
            click.echo(f"passed  {check.name}" if check.passed else f"FAILED  {check.name}: {check.problem}")
        click.echo(f"{failed} of {len(checks)} checks failed." if failed else f"All {len(checks)} checks passed.")
    if failed:
        sys.exit(exit_code)
