"""Reports as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results.store import write_whole

from .content import Content, content
from .html import html
from .pdf import pdf

if TYPE_CHECKING:
    from robustbench_endo.results import Bootstrap, Results

FORMATS: Mapping[str, Callable[[Content], bytes]] = {"html": lambda c: html(c).encode(), "pdf": pdf}


def report(
    results: Results,
    path: str | Path,
    formats: Sequence[str] | None = None,
    intervals: bool | Bootstrap = False,
) -> Path:
    """Write the report of a run, whole or not at all.

    Args:
        results: the run.
        path: the file, ending in .html or .pdf; its folder is made where missing.
        formats: None for the format that ``path`` ends in; else each of these is written, ``path`` with its ending.
        intervals: True for 95 % bootstrap intervals in the tables, or settings of one's own.

    Returns:
        The (first) file.

    Raises:
        RobustEndoError: an unknown format.
        RunError: the folder cannot be written.
        OptionalDependencyError: a PDF without the typst package.
    """
    path = Path(path)
    wanted = [path.suffix.removeprefix(".").lower()] if formats is None else list(formats)
    _check(wanted, path)
    gathered = content(results, intervals)
    files = [path if formats is None else path.with_suffix(f".{name}") for name in wanted]
    for name, file in zip(wanted, files, strict=True):
        _write(file, FORMATS[name](gathered))
    return files[0]


def write_reports(
    results: Results,
    folder: str | Path,
    formats: Sequence[str] = ("html", "pdf"),
    intervals: bool | Bootstrap = False,
) -> list[Path]:
    """Write ``report.<format>`` into a folder for each format, and return the files; raises as :func:`report`."""
    path = Path(folder) / "report"
    _check(formats, path)
    if formats:
        report(results, path, formats, intervals)
    return [path.with_suffix(f".{name}") for name in formats]


def _check(formats: Sequence[str], path: Path) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise RobustEndoError(
            f"Expected a report as {' or '.join(FORMATS)}, found {unknown[0] or 'no ending'!r} for {path}: "
            "name the file report.html or report.pdf."
        )


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(data))
    except OSError as error:
        raise RunError(
            f"Expected a folder that can be written for {path}, found {error.strerror or error}: "
            "give another place or change its permissions."
        ) from error
