"""``robust-endo submit``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robustbench_endo.cli.command import argument, command, option, output_option
from robustbench_endo.cli.errors import ERROR
from robustbench_endo.cli.json_output import echo_json, json_option
from robustbench_endo.cli.options import replay_options
from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from robustbench_endo.results import Check, Results
    from robustbench_endo.submission.contents import Replay

_SEED = 0
"""Of the frames that are computed again: the same submission each time."""


@command(
    short="Verify a run and write it as a leaderboard submission.",
    examples=(
        "robust-endo submit runs/mine --out submission",
        "robust-endo submit runs/mine --out s --training-data 'EndoVis 2017'",
    ),
)
@argument("run", metavar="RUN", type=click.Path(path_type=Path))
@output_option(
    metavar="DIR", required=True, type=click.Path(path_type=Path), help="Folder for the submission, new or empty."
)
@option("--dataset", metavar="ORG/NAME", default="", help="Benchmark on the Hugging Face hub.  [default: the data]")
@option(
    "--training-data",
    metavar="[MODEL=]TEXT",
    multiple=True,
    help="What a model, or every model, was trained on; repeatable.",
)
@replay_options(5)
@json_option
def submit(
    run: Path,
    out: Path,
    dataset: str,
    training_data: tuple[str, ...],
    replay: int,
    models: tuple[str, ...],
    data: str | None,
    trust_model_file: bool,
    as_json: bool,
) -> None:
    """Verify a run and write a folder for a leaderboard: records, model card, scores for the Hugging Face hub, hashes.

    A run that does not pass every check of robust-endo verify is refused. Corrupted frames and predictions are computed
    again where the data and the models of the run can be opened; otherwise the submission says why not. No image is
    copied.

    Exit code 0: written; 2: refused, or no such run.
    """
    from robustbench_endo.evaluation.run_checks import check_folder
    from robustbench_endo.reports import check_tables
    from robustbench_endo.results import load_results
    from robustbench_endo.results import verify as check_records
    from robustbench_endo.submission.contents import Replay, Statement
    from robustbench_endo.submission.write import write_submission

    checks, replayed = check_folder(run), Replay()
    if all(check.passed for check in checks):
        results = load_results(run)
        statement = Statement(_dataset(dataset), _by_model(training_data, results.models))
        checks += [check for check in check_records(results) if check.name not in {each.name for each in checks}]
        checks += check_tables(results)
        if replay and all(check.passed for check in checks):
            further, replayed = _replay(results, replay, models, data, trust_model_file)
            checks += further
    _refuse([check for check in checks if not check.passed], run, as_json)
    names = [check.name for check in checks]
    files = write_submission(run, out, statement, names, replayed)
    if as_json:
        echo_json({"folder": str(out), "files": files, "checks": names, "replay": vars(replayed), "exit_code": 0})
        return
    click.echo(f"All {len(checks)} checks passed.")
    click.echo(_describe(replayed, replay))
    click.echo(f"Wrote {out}: submission.json and {len(files)} files, without images.")


def _replay(
    results: Results, frames: int, models: Sequence[str], data: str | None, trust_model_file: bool
) -> tuple[list[Check], Replay]:
    """The checks of a replay with models, else of the images only; and what could be computed."""
    from robustbench_endo.cli.resolve_inputs import split_name
    from robustbench_endo.cli.verify import replay_run
    from robustbench_endo.submission.contents import Replay

    moved = dict(split_name(spec, results.models) for spec in models)
    specs = {entry["name"]: moved.get(entry["name"], entry.get("spec", "")) for entry in results.info["models"]}
    _check_known(moved, specs)
    reason = ""
    for names in (list(specs), []):
        arguments = [name if specs[name] == name else f"{name}={specs[name]}" for name in names]
        try:
            checks = replay_run(results, frames, arguments, data, trust_model_file, _SEED)
        except RobustEndoError as error:
            if moved or data:  # requested: not to be left out silently
                raise
            reason = reason or " ".join(str(error).split())
        else:
            return checks, Replay(frames, tuple(names), reason)
    return [], Replay(0, (), reason)


def _check_known(names: Iterable[str], known: Iterable[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RobustEndoError(
            f"Expected a model of the run in --model, got {unknown[0]!r}: choose from {', '.join(known)}."
        )


def _describe(replay: Replay, requested: int) -> str:
    if not requested:
        return "Nothing was computed again (--replay 0)."
    if not replay.frames:
        return f"Nothing was computed again: {replay.reason}"
    frames = f"Computed {replay.frames} corrupted frames again"
    if not replay.models:
        return f"{frames}, but no prediction: {replay.reason}"
    return f"{frames}, and the predictions of {', '.join(replay.models)}."


def _refuse(failed: Sequence[Check], run: Path, as_json: bool) -> None:
    if not failed:
        return
    if as_json:
        reasons = [{"name": check.name, "problem": check.problem} for check in failed]
        echo_json({"refused": reasons, "exit_code": ERROR})
    for check in failed:
        click.echo(f"Refused {run}: {check.name} does not hold: {check.problem}", err=True)
    sys.exit(ERROR)


def _dataset(text: str) -> str:
    from robustbench_endo.hub.upload import check_repository

    if text:
        check_repository(text)
    return text


def _by_model(texts: Sequence[str], models: Sequence[str]) -> dict[str, str]:
    """Model -> its training data; a text without the name of a model is that of all others."""
    by_model: dict[str, str] = {}
    for text in texts:
        name, _, stated = text.partition("=")
        stated, names = (stated, [name]) if name in models and stated else (text, list(models))
        if not stated.strip() or len(stated) > 200 or not stated.isprintable():
            raise RobustEndoError(
                f"Expected --training-data to be a text of at most 200 characters, got {text[:60]!r}: name the data "
                "set, such as --training-data 'EndoVis 2017'."
            )
        by_model |= {each: stated.strip() for each in names if len(names) == 1 or each not in by_model}
    return by_model
