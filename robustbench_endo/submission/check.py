"""The check of a submission: its hashes, its records, and that every number in it follows from them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.results.integrity import CHECKSUM, SUMMARY_FILE, content_sha256
from robustbench_endo.results.io import load_results, summary_csv
from robustbench_endo.results.results import Results
from robustbench_endo.results.verify import verify
from robustbench_endo.submission.contents import FORMAT, SUBMISSION_FILE, Statement, derived_files, describe_run

_KEYS: Mapping[str, type] = {
    "checker": str,
    "run": dict,
    "run_checksum": str,
    "dataset": str,
    "training_data": dict,
    "checks": list,
    "replay": dict,
    "files": dict,
}


def is_submission(folder: Path) -> bool:
    """Whether a folder says that it is a submission."""
    return (folder / SUBMISSION_FILE).is_file()


def read_submission(folder: str | Path) -> Results:
    """The results of a submission that passes every check.

    Raises:
        RunError: one that does not; the message is the first reason.
    """
    results, problems = submission_problems(folder)
    if problems or results is None:
        raise RunError(f"Expected a submission that verifies in {folder}, got one that does not: {problems[0]}")
    return results


def submission_problems(folder: str | Path) -> tuple[Results | None, list[str]]:
    """The results of a submission and what is wrong with it, one sentence each; results are None with a problem.

    The hashes detect damage and edits; that records are complete and consistent, and that the summary, the card and the
    scores for the hub follow from them, is computed again. Records that somebody invented, with everything else
    computed from them, need ``verify --replay``.

    Args:
        folder: that ``robust-endo submit`` wrote.
    """
    root = Path(folder)
    try:
        description = read_description(root)
        problems = list(_file_problems(root, description["files"]))
        if problems:
            return None, problems
        results = load_results(root)
    except RobustEndoError as error:
        return None, [_sentence(str(error))]
    except OSError as error:
        return None, [f"{error.filename or root} cannot be read: {error.strerror}."]
    problems = list(_content_problems(results, description))
    return (None, problems) if problems else (results, [])


def read_description(folder: Path) -> dict[str, Any]:
    """The content of submission.json.

    Raises:
        RunError: it is missing, was changed, or is of another format.
    """
    path = folder / SUBMISSION_FILE
    if path.is_symlink() or not path.is_file():
        raise RunError(f"Expected {SUBMISSION_FILE} in a submission, got none: write it with robust-endo submit.")
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise RunError(f"Cannot read {SUBMISSION_FILE}: it is no JSON. Submit the run again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RunError(
            f"Expected {SUBMISSION_FILE} of format {FORMAT}, got another one: submit the run again with this version."
        )
    described = {name: value for name, value in content.items() if name != CHECKSUM}
    if content_sha256(described) != content.get(CHECKSUM):
        raise RunError(f"Cannot use {SUBMISSION_FILE}: it was changed after it was written. Submit the run again.")
    wrong = [name for name, kind in _KEYS.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise RunError(f"Expected {wrong[0]} in {SUBMISSION_FILE}, got none that is valid: submit the run again.")
    return content


def files_of(folder: Path) -> list[str]:
    """The paths of all files of a submission except its description; links and their targets are named, not read."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file()]
    return [name for name in names if name != SUBMISSION_FILE]


def _file_problems(folder: Path, expected: Mapping[str, str]) -> Iterator[str]:
    present = set(files_of(folder))
    for name in sorted(set(expected) | present):
        path = folder / name
        if name not in expected:
            yield f"{name} is not part of the submission: remove it, or submit again."
        elif name not in present:
            yield f"{name} is missing: copy the complete folder, or submit again."
        elif any(part.is_symlink() for part in (path, *path.relative_to(folder).parents) if part != folder):
            yield f"{name} is a symbolic link: copy the file itself."
        elif file_sha256(path) != expected[name]:
            yield f"{name} was changed after the submission was written: submit the run again."


def _content_problems(results: Results, description: Mapping[str, Any]) -> Iterator[str]:
    """What does not follow from the records."""
    facts, stated = describe_run(results), description["run"]
    differing = [name for name in {**facts, **stated} if facts.get(name) != stated.get(name)]
    for name in sorted(differing):
        yield f"The {name} of the run is not that of {SUBMISSION_FILE}: submit the run again."
    if differing:  # it is another run: what follows from it says no more
        return
    for check in verify(results):
        if not check.passed:
            yield f"The check that {check.name} failed: {_sentence(check.problem)}"
    yield from _derived_problems(results, description)


def _derived_problems(results: Results, description: Mapping[str, Any]) -> Iterator[str]:
    """Files that do not follow from the records."""
    derived = derived_files(results, Statement(description["dataset"], description["training_data"]))
    root = results.path
    assert root is not None
    for name in sorted(set(description["files"]) - set(_run_file_names(results)) - set(derived)):
        yield f"{name} belongs to no submission: remove it, and submit again."
    for name, content in derived.items():
        path = root / name
        if not path.is_file() or path.read_bytes() != content:
            yield f"{name} is not what follows from the records: submit the run again."
    if not _summary_follows(results, root / SUMMARY_FILE):
        yield f"{SUMMARY_FILE} is not what follows from the records: submit the run again."


def _summary_follows(results: Results, path: Path) -> bool:
    """Whether every column of the summary is as computed now; another version may have had fewer metrics."""
    if not path.is_file():
        return False
    stored, computed = (
        pd.read_csv(source, dtype=str, keep_default_na=False) for source in (path, io.BytesIO(summary_csv(results)))
    )
    needed = {"model", "corruption", "severity", *results.headlines}
    return needed <= set(stored) <= set(computed) and stored.equals(computed[list(stored)])


def _run_file_names(results: Results) -> list[str]:
    return ["run.json", *results.info["files"]]


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else f"{text}."
