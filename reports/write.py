"""Reports as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.reports.data.report_data import ReportData, content
from robustbench_endo.reports.html import html
from robustbench_endo.reports.leaderboard import compare_page
from robustbench_endo.reports.pdf import PAGE_SIZES, pdf
from robustbench_endo.reports.text import PrintedTable, latex, markdown, printed_tables, write_figures, write_tables
from robustbench_endo.results.io import write_whole

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Bootstrap, Results


@dataclass
class _Asked:
    """A run and how it is to be shown; what several formats need is gathered once."""

    results: Results
    intervals: bool | Bootstrap
    page_size: str
    published: pd.DataFrame | None

    @cached_property
    def content(self) -> ReportData:
        return content(self.results, self.intervals, self.published)

    @cached_property
    def tables(self) -> list[PrintedTable]:
        return printed_tables(self.results, self.content, self.intervals)


_FILES: Mapping[str, tuple[str, Callable[[_Asked], bytes]]] = {
    "html": (".html", lambda asked: html(asked.content).encode()),
    "pdf": (".pdf", lambda asked: pdf(asked.content, asked.page_size)),
    "latex": (".tex", lambda asked: latex(asked.tables, asked.content.name, asked.results.protocol).encode()),
    "md": (".md", lambda asked: markdown(asked.content, asked.tables).encode()),
}
_FOLDERS: Mapping[str, tuple[str, Callable[[_Asked, Path], object]]] = {
    "csv": ("tables", lambda asked, folder: write_tables(asked.results, folder, asked.intervals)),
    "figures": ("figures", lambda asked, folder: write_figures(asked.results, folder, asked.intervals)),
}

FORMATS = (*_FILES, *_FOLDERS)
"""``csv`` is a folder ``tables`` of CSV and Parquet, ``figures`` one of PNG, SVG and PDF, beside the report."""


def report(
    results: Results,
    path: str | Path,
    formats: Sequence[str] | None = None,
    intervals: bool | Bootstrap = False,
    page_size: str = "a4",
    published: pd.DataFrame | None = None,
) -> Path:
    """Write the report of a run, each file whole or not at all.

    Args:
        results: the run.
        path: the file, ending in .html, .pdf, .tex or .md; its folder is made where missing.
        formats: None for the format that ``path`` ends in; else each of :data:`FORMATS` named is written, ``path`` with
            its ending, or the folders ``tables`` (csv) and ``figures`` beside it.
        intervals: True for 95 % bootstrap intervals in the tables, or settings of one's own.
        page_size: page size of the PDF, ``a4`` or ``letter``.
        published: numbers to stand beside those of the run in the table of scores, shaped as :meth:`Results.table`, as
            ``reproduction.comparison_table.alongside`` gives; ``.attrs["source"]`` says whose they are.

    Returns:
        The (first) file or folder.

    Raises:
        RobustEndoError: an unknown format or page size.
        RunError: the folder cannot be written.
        OptionalDependencyError: a PDF without the typst package.
    """
    path = Path(path)
    wanted = [_by_ending(path)] if formats is None else list(formats)
    _check(wanted, path, page_size)
    asked = _Asked(results, intervals, page_size, published)
    places = [path if formats is None else place_of(name, path) for name in wanted]
    for name, place in zip(wanted, places, strict=True):
        _guarded(place, partial(_FOLDERS[name][1], asked) if name in _FOLDERS else _whole(_FILES[name][1](asked)))
    return places[0]


def write_reports(
    results: Results,
    folder: str | Path,
    formats: Sequence[str] = ("html", "pdf"),
    intervals: bool | Bootstrap = False,
    page_size: str = "a4",
    published: pd.DataFrame | None = None,
) -> list[Path]:
    """Write ``report.<ending>`` into a folder for each format, or the folders ``tables`` and ``figures``.

    Returns:
        The files and folders.

    Raises:
        As :func:`report`.
    """
    path = Path(folder) / "report"
    _check(formats, path, page_size)
    if formats:
        report(results, path, formats, intervals, page_size, published)
    return [place_of(name, path) for name in formats]


def write_comparison(
    runs: Sequence[Results],
    path: str | Path,
    metrics: Sequence[str] | None = None,
    against: str | None = None,
    bootstrap: Bootstrap | None = None,
) -> Path:
    """Write the page that compares runs, whole or not at all.

    Args:
        path: a file ending in .html, or a folder, in which it is called ``compare.html``.
        metrics, against, bootstrap: as :func:`robustbench_endo.results.compare`.

    Returns:
        The file.

    Raises:
        RobustEndoError: runs that cannot be compared, another ending, or a place that cannot be written.
    """
    path = Path(path)
    if path.suffix not in ("", ".html"):
        raise RobustEndoError(
            f"Expected a folder or a file ending in .html for the comparison, got {path}: name it compare.html."
        )
    place = path if path.suffix else path / "compare.html"
    _guarded(place, _whole(compare_page(runs, metrics, against, bootstrap).encode()))
    return place


def place_of(name: str, path: Path) -> Path:
    """The file or folder that a format is written to, for a report at ``path``."""
    return path.parent / _FOLDERS[name][0] if name in _FOLDERS else path.with_suffix(_FILES[name][0])


def _whole(data: bytes) -> Callable[[Path], object]:
    return lambda path: write_whole(path, lambda file: file.write(data))


def _by_ending(path: Path) -> str:
    endings = {ending: name for name, (ending, _) in _FILES.items()}
    return endings.get(path.suffix.lower(), path.suffix.removeprefix("."))


def _check(formats: Sequence[str], path: Path, page_size: str) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise RobustEndoError(
            f"Expected a report as {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {unknown[0] or 'no ending'!r} for "
            f"{path}: name the file report.html, report.pdf, report.tex or report.md."
        )
    if page_size not in PAGE_SIZES:
        raise RobustEndoError(
            f"Expected {' or '.join(PAGE_SIZES)} as the page size, got {page_size!r}: choose one of them."
        )


def _guarded(path: Path, write: Callable[[Path], object]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except OSError as error:
        raise RunError(
            f"Expected a folder that can be written for {path}, got {error.strerror or error}: "
            "give another place or change its permissions."
        ) from error
