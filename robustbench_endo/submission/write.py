"""Writing the folder of a submission."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.io_utils import file_sha256, write_atomically
from robustbench_endo.results.integrity import CHECKSUM, GALLERY, content_sha256, run_files, write_run
from robustbench_endo.results.io import load_results
from robustbench_endo.results.results import Results
from robustbench_endo.submission.check import files_of, submission_problems
from robustbench_endo.submission.contents import (
    FORMAT,
    SUBMISSION_FILE,
    UNSTATED,
    Replay,
    Statement,
    as_bytes,
    derived_files,
    describe_run,
)


def write_submission(
    run: str | Path,
    out: str | Path,
    statement: Statement | None = None,
    checks: Sequence[str] = (),
    replay: Replay | None = None,
) -> list[str]:
    """Write a run as a submission: records, model card, scores for the hub, hashes of all of them; no image.

    The folder is a run folder without its gallery, so that ``verify``, ``report`` and ``compare`` read it. The same run
    gives the same bytes.

    Args:
        run: a finished run that was verified.
        out: a new or empty folder.
        statement: what the submitter says.
        checks: names of the checks that the run passed.
        replay: what was computed again.

    Returns:
        The paths of its files, sorted.

    Raises:
        RunError: no finished and intact run, a folder that has files or cannot be written, or records that do not
            pass the checks of a submission.
        RobustEndoError: training data of a model that the run does not have.
    """
    target, statement = Path(out), statement or Statement()
    results = load_results(run)
    folder = results.path
    assert folder is not None
    _check(results, folder, target, statement)
    existed = target.is_dir()
    try:
        target.mkdir(parents=True, exist_ok=True)
        _write(results, folder, target, statement, checks, replay or Replay())
        _, problems = submission_problems(target)
        if problems:
            raise RunError(f"Cannot submit {folder}: {problems[0]} Evaluate again, or restore the run.")
    except (OSError, RunError) as error:
        _remove(target, existed)
        if isinstance(error, RunError):
            raise
        raise RunError(f"Cannot write {out}: {error.strerror or error}. Choose another folder.") from error
    return sorted(files_of(target))


def _check(results: Results, folder: Path, target: Path, statement: Statement) -> None:
    unknown = [model for model in statement.training_data if model not in results.models]
    if unknown:
        raise RobustEndoError(
            f"Expected training data of a model of the run, got {unknown[0]!r}: choose from "
            f"{', '.join(results.models)}."
        )
    if target.resolve().is_relative_to(folder.resolve()):
        raise RunError(f"Expected a folder outside of the run for the submission, got {target}: choose another one.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"Expected a new or empty folder for the submission, got {target}: choose another name.")


def _write(
    results: Results, folder: Path, target: Path, statement: Statement, checks: Sequence[str], replay: Replay
) -> None:
    for path in run_files(folder):
        relative = path.relative_to(folder)
        if relative.parts[0] != GALLERY:  # images belong to the data, whose licence is not ours
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / relative)
    write_run(target, results.info)
    for name, content in derived_files(results, statement).items():
        (target / name).parent.mkdir(exist_ok=True)
        write_atomically(target / name, content)
    description = _describe(results, target, statement, checks, replay)
    description[CHECKSUM] = content_sha256(description)
    write_atomically(target / SUBMISSION_FILE, as_bytes(description))


def _describe(
    results: Results, target: Path, statement: Statement, checks: Sequence[str], replay: Replay
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "checker": str(_version()),
        "run": describe_run(results),
        "run_checksum": results.info[CHECKSUM],
        "dataset": statement.dataset,
        "training_data": {model: statement.training_data.get(model, UNSTATED) for model in results.models},
        "checks": list(checks),
        "replay": {**asdict(replay), "models": list(replay.models)},
        "files": {name: file_sha256(target / name) for name in sorted(files_of(target))},
    }


def _version() -> str:
    from robustbench_endo import __version__

    return __version__


def _remove(target: Path, existed: bool) -> None:
    """Take back what was written: half a submission would be refused without a reason."""
    shutil.rmtree(target, ignore_errors=True)
    if existed:
        target.mkdir(exist_ok=True)
