"""Writing an evidence pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evidence.hazards import read_bytes
from robustbench_endo.evidence.log_of_tests import read_test_log
from robustbench_endo.evidence.pack import CONTENT_FILE, MANIFEST_FILE, Inputs, Pack
from robustbench_endo.evidence.validation import as_json, installation
from robustbench_endo.gate import load_plan
from robustbench_endo.io_utils import read_json, write_atomically
from robustbench_endo.results.results import Results
from robustbench_endo.results.verify import Check


def write_evidence(
    results: Results,
    hazards: str | Path,
    out: str | Path,
    plan: str | Path | None = None,
    baseline: Results | None = None,
    test_log: str | Path | None = None,
    replay: Sequence[Check] = (),
) -> Pack:
    """Trace hazards to the results of a run, and write a folder with tables, cards, checksums and tool validation.

    Args:
        results: a finished run, in its folder.
        hazards: CSV file, see :mod:`robustbench_endo.evidence.hazards`.
        out: new folder, or one with an earlier pack, which is replaced.
        plan: of :func:`robustbench_endo.gate.load_plan`, for hazards that name its criteria.
        baseline: the run that margins of the plan refer to.
        test_log: JUnit XML or output of pytest of the tests of this package; None for a self-test.
        replay: checks of :func:`robustbench_endo.evaluation.replay.replay`.

    Returns:
        The content of the pack.

    Raises:
        DataError: a file of hazards or a log of another form.
        RobustEndoError: an unknown criterion, corruption or metric, or a folder with other files.
        RunError: a run without folder, or a folder that cannot be written.
    """
    out = Path(out)
    if results.path is None:
        raise RunError("Expected a run with its folder, got one in memory: evaluate with out=FOLDER, and load it.")
    _check_folder(out, Path(results.path))
    log, name = (None, "") if test_log is None else (read_test_log(test_log)[0], Path(test_log).name)
    loaded = None if plan is None else load_plan(plan)
    inputs = Inputs(read_bytes(Path(hazards)), loaded, baseline, log, name, Path(hazards).name)
    pack = Pack(results, inputs, installation(), as_json(replay))
    _write_files(out, pack.files())
    return pack


def _write_files(out: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a pack, and remove those of an earlier one."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file in _files_of_pack(out):
            if file.name not in files:
                file.unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"Cannot write {out}: {error.strerror or error}. Choose another folder.") from error
    for name, content in files.items():
        write_atomically(out / name, content)


def _check_folder(out: Path, run: Path) -> None:
    try:
        if out.exists() and not out.is_dir():
            raise RobustEndoError(f"Expected a folder for the evidence pack, got the file {out}: choose another --out.")
        names = {path.name for path in out.iterdir()} if out.is_dir() else set()
        same = out.resolve() == run.resolve()
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        if isinstance(error, RobustEndoError):
            raise
        raise RunError(f"Cannot write {str(out)[:200]}: {error}. Choose another --out.") from error
    if same or (names and not {CONTENT_FILE, MANIFEST_FILE} <= names):
        raise RobustEndoError(
            f"Expected an empty folder for the evidence pack, got {out} with other files: choose another --out."
        )


def _files_of_pack(folder: Path) -> list[Path]:
    """The files of an earlier pack, by its manifest."""
    if not (folder / MANIFEST_FILE).is_file():
        return []
    names = read_json(folder / MANIFEST_FILE).get("files")
    return [folder / name for name in names if Path(name).name == name] if isinstance(names, dict) else []
