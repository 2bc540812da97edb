"""Checking an evidence pack: every row, number and file is computed again from the records and compared."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evidence.pack import (
    CONTENT_FILE,
    HAZARDS_FILE,
    MANIFEST_FILE,
    PLAN_FILE,
    TABLE_FILE,
    Inputs,
    Pack,
    table_of,
)
from robustbench_endo.gate import load_plan
from robustbench_endo.io_utils import file_sha256, read_json
from robustbench_endo.results.csv_text import csv_text
from robustbench_endo.results.differences import TOLERANCE, first_difference, shorten
from robustbench_endo.results.results import Results
from robustbench_endo.results.verify import Check

LOGS = ("tests.xml", "tests.log")


def is_pack(folder: Path) -> bool:
    """Whether a folder has an evidence pack."""
    return (folder / CONTENT_FILE).is_file() and (folder / MANIFEST_FILE).is_file()


def check_evidence(folder: str | Path, results: Results, baseline: Results | None = None) -> list[Check]:
    """Compute an evidence pack again from a run, and compare it with its files.

    What only the machine that wrote it can repeat is taken as it is: its versions, the self-test and frames that were
    computed again.

    Args:
        folder: of the pack.
        results: the run that it is about.
        baseline: the run that margins refer to, for a pack with one.

    Returns:
        One check for the run, the rows, the content and the files.

    Raises:
        RunError: no evidence pack in the folder.
        RobustEndoError: a baseline is missing, or the inputs in the folder are no longer readable.
    """
    folder = Path(folder)
    stored, files = _read(folder)
    _check_baseline(stored, baseline, folder)
    pack = _rebuild(folder, stored, results, baseline)
    name = folder.name
    try:
        content = pack.content
        _carry_over(_table(stored, "validation"), content["validation"], pack)
        expected = pack.files()
    except RobustEndoError as error:
        return [Check(f"{name}: the inputs fit the run", str(error))]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # of what is taken as it is
        problem = f"The validation of the tool in {CONTENT_FILE} has another form than robust-endo evidence writes."
        return [Check(f"{name}: {CONTENT_FILE} follows from records and inputs", problem)]
    return [
        Check(f"{name}: the pack is about this run", _other_run(stored, content)),
        Check(f"{name}: every row of {TABLE_FILE} follows from its records", _rows(folder, content)),
        Check(
            f"{name}: {CONTENT_FILE} follows from records and inputs", first_difference(stored, content, CONTENT_FILE)
        ),
        Check(f"{name}: all files are those of the pack", _files(folder, files, expected)),
    ]


def check_packs(results: Results, baseline: Results | None = None) -> list[Check]:
    """:func:`check_evidence` of each pack in the folder of a run; no check without any."""
    checks = []
    for folder in sorted(path for path in Path(str(results.path)).iterdir() if path.is_dir() and is_pack(path)):
        try:
            checks += check_evidence(folder, results, baseline)
        except RobustEndoError as error:
            checks.append(Check(f"{folder.name}: the pack can be checked", str(error)))
    return checks


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    if not is_pack(folder):
        raise RunError(
            f"Expected an evidence pack in {str(folder)[:200]}, got no {CONTENT_FILE} with a {MANIFEST_FILE}: give the "
            "--out of robust-endo evidence."
        )
    files = read_json(folder / MANIFEST_FILE).get("files")
    if not isinstance(files, dict):
        raise RunError(f"Cannot use {folder / MANIFEST_FILE}: it names no files. Write the evidence pack again.")
    return read_json(folder / CONTENT_FILE), files


def _check_baseline(stored: Mapping[str, Any], baseline: Results | None, folder: Path) -> None:
    expected = stored.get("baseline")
    if isinstance(expected, dict) and baseline is None:
        raise RobustEndoError(
            f"Expected the baseline run {expected.get('name')} of the evidence pack {folder}, got none: give it with "
            "--baseline."
        )


def _rebuild(folder: Path, stored: Mapping[str, Any], results: Results, baseline: Results | None) -> Pack:
    validation = _table(stored, "validation")
    log = next((folder / name for name in LOGS if (folder / name).is_file()), None)
    try:
        inputs = Inputs(
            (folder / HAZARDS_FILE).read_bytes(),
            load_plan(folder / PLAN_FILE) if (folder / PLAN_FILE).is_file() else None,
            baseline if isinstance(stored.get("baseline"), dict) else None,
            log.read_bytes() if log else None,
            str(_table(validation, "tests").get("file", "")),
        )
    except OSError as error:
        raise RunError(f"Cannot read {error.filename}: {error.strerror}. Write the evidence pack again.") from error
    replay = validation.get("replay")
    return Pack(results, inputs, _table(validation, "installation"), replay if isinstance(replay, list) else ())


def _table(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A JSON object within another one; empty where somebody wrote another value."""
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _carry_over(stored: Mapping[str, Any], computed: dict[str, Any], pack: Pack) -> None:
    """Take what only the machine that wrote the pack can repeat as it is."""
    names = ["installation", "differences", *(["tests"] if pack.inputs.test_log is None else [])]
    computed |= {name: stored[name] for name in names if type(stored.get(name)) is type(computed[name])}


def _other_run(stored: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    checksum = _table(stored, "run").get("checksum")
    if checksum == content["run"]["checksum"]:
        return ""
    return f"It was written from a run with the checksum {str(checksum)[:12]}, not {content['run']['checksum'][:12]}."


def _rows(folder: Path, content: Mapping[str, Any]) -> str:
    """The first cell of traceability.csv that differs, by its row and column."""
    expected = table_of(content)
    try:
        stored = pd.read_csv(folder / TABLE_FILE, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        return f"Cannot parse {TABLE_FILE}: {error}."
    if list(stored) != list(expected) or len(stored) != len(expected):
        shapes = " instead of ".join(f"{len(table)} rows x {table.shape[1]} columns" for table in (stored, expected))
        return f"{TABLE_FILE} has {shapes}."
    printed = pd.read_csv(io.StringIO(csv_text(expected)), dtype=str, keep_default_na=False)
    for index in range(len(expected)):
        for column in expected:
            before, now = stored[column].iloc[index], printed[column].iloc[index]
            if not _equal_cells(before, now):
                changed = f"{column} than its records give: {shorten(before)} instead of {shorten(now)}."
                return f"Row {index + 1} of {TABLE_FILE} ({_name_of(printed.iloc[index])}) has another {changed}"
    return ""


def _name_of(row: Mapping[Any, Any]) -> str:
    return f"hazard {row['hazard']}, criterion {row['criterion']}, model {row['model']}"


def _equal_cells(first: str, second: str) -> bool:
    if first == second:
        return True
    try:
        return math.isclose(float(first), float(second), rel_tol=TOLERANCE, abs_tol=1e-9)
    except ValueError:
        return False


def _files(folder: Path, digests: Mapping[str, Any], expected: Mapping[str, bytes]) -> str:
    present = sorted(path.name for path in folder.iterdir())
    for name in present:
        if name not in expected:
            return f"{name} is no file of the pack: remove it."
    for name, content in expected.items():
        if name not in present:
            return f"{name} is missing: write the pack again."
        if name != MANIFEST_FILE and file_sha256(folder / name) != digests.get(name):
            return f"{name} was changed after the pack was written{_line(folder / name, content)}."
    return _unlike(folder, expected)


def _unlike(folder: Path, expected: Mapping[str, bytes]) -> str:
    """Files whose checksums were computed again after they were changed."""
    for name, content in expected.items():
        if name in (MANIFEST_FILE, CONTENT_FILE, TABLE_FILE):  # whose numbers are compared one by one
            continue
        if (folder / name).read_bytes() != content:
            return f"{name} is not what the records and inputs give{_line(folder / name, content)}."
    return ""


def _line(path: Path, content: bytes) -> str:
    """The first line of a file that differs."""
    stored = path.read_bytes().splitlines()
    for number, line in enumerate(content.splitlines()):
        if number >= len(stored) or stored[number] != line:
            return f", from line {number + 1}"
    return ""
