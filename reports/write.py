"""Reports as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.io_utils import write_atomically
from robustbench_endo.reports.data.report_data import ReportData, report_data
from robustbench_endo.reports.data.tables import Table
from robustbench_endo.reports.html import html
from robustbench_endo.reports.leaderboard import compare_page
from robustbench_endo.reports.pdf import PAGE_SIZES, pdf
from robustbench_endo.reports.text import latex, markdown, printed_tables, write_figures, write_tables

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Resampling, Results


@dataclass
class ReportRequest:
    """A run and the settings of its report; what several formats need is computed once."""

    results: Results
    intervals: bool | Resampling
    page_size: str
    published: pd.DataFrame | None
    intended_use: str

    @cached_property
    def data(self) -> ReportData:
        return report_data(self.results, self.intervals, self.published, self.intended_use)

    @cached_property
    def tables(self) -> list[Table]:
        return printed_tables(self.results, self.data, self.intervals)


def _latex(request: ReportRequest) -> bytes:
    report = request.data
    return latex(request.tables, report.name, request.results.protocol, report.settings).encode()


FILES: Mapping[str, tuple[str, Callable[[ReportRequest], bytes]]] = {
    "html": (".html", lambda request: html(request.data).encode()),
    "pdf": (".pdf", lambda request: pdf(request.data, request.page_size)),
    "latex": (".tex", _latex),
    "md": (".md", lambda request: markdown(request.data, request.tables).encode()),
}
"""Format of one file -> its suffix, and the function that writes it."""

_FOLDERS: Mapping[str, tuple[str, Callable[[ReportRequest, Path], object]]] = {
    "csv": ("tables", lambda request, folder: write_tables(request.results, folder, request.intervals)),
    "figures": ("figures", lambda request, folder: write_figures(request.results, folder, request.intervals)),
}

FORMATS = (*FILES, *_FOLDERS)
"""``csv`` is a folder ``tables`` of CSV and Parquet, ``figures`` one of PNG, SVG and PDF, next to the report."""


def report(
    results: Results,
    path: str | Path,
    formats: Sequence[str] | None = None,
    intervals: bool | Resampling = False,
    page_size: str = "a4",
    published: pd.DataFrame | None = None,
    intended_use: str = "",
) -> Path:
    """Write the report of a run, each file atomically.

    Args:
        results: the run.
        path: the file, ending in .html, .pdf, .tex or .md; its folder is created where it is missing.
        formats: None for the format of the suffix of ``path``; else each of these :data:`FORMATS` is written as
            ``path`` with its suffix, or as the folders ``tables`` (csv) and ``figures`` next to it.
        intervals: True for 95 % intervals in the tables, or the settings to use.
        page_size: of the PDF, ``a4`` or ``letter``.
        published: published numbers to print in the table of scores, shaped as :meth:`Results.table`, as
            ``reproduction.comparison_table`` returns them; ``.attrs["source"]`` says whose they are.
        intended_use: of the test, printed in the summary of the PDF; empty for a note of the run that begins with
            ``Intended use:``, else a line to fill in.

    Returns:
        The (first) file or folder.

    Raises:
        RobustEndoError: an unknown format or page size, or a folder in place of the run.
        RunError: the folder cannot be written.
        OptionalDependencyError: a PDF without the package typst.
    """
    if isinstance(results, (str, Path)):
        raise RobustEndoError(
            f"Expected results to be a run, got {str(results)!r}: write report(load_results(folder), path)."
        )
    path = Path(path)
    names = [_format_of(path)] if formats is None else [formats] if isinstance(formats, str) else list(formats)
    _check(names, path, page_size)
    request = ReportRequest(results, intervals, page_size, published, intended_use)
    paths = [path if formats is None else output_path(name, path) for name in names]
    for name, target in zip(names, paths, strict=True):
        if name in _FOLDERS:
            _write(target, partial(_FOLDERS[name][1], request))
        else:
            _write(target, partial(write_atomically, content=FILES[name][1](request)))
    return paths[0]


def write_reports(
    results: Results,
    folder: str | Path,
    formats: Sequence[str] = ("html", "pdf"),
    intervals: bool | Resampling = False,
    page_size: str = "a4",
    published: pd.DataFrame | None = None,
    intended_use: str = "",
) -> list[Path]:
    """Write ``report.<suffix>`` into a folder for each format, or the folders ``tables`` and ``figures``.

    Returns:
        The files and folders.

    Raises:
        As :func:`report`.
    """
    path = Path(folder) / "report"
    _check(formats, path, page_size)
    if formats:
        report(results, path, formats, intervals, page_size, published, intended_use)
    return [output_path(name, path) for name in formats]


def write_comparison(
    runs: Sequence[Results],
    path: str | Path,
    metrics: Sequence[str] | None = None,
    baseline: str | None = None,
    resampling: Resampling | None = None,
) -> Path:
    """Write the page that compares runs, atomically.

    Args:
        runs: of the same frames and protocol.
        path: a file ending in .html, or a folder, in which it is called ``compare.html``.
        metrics, baseline, resampling: as :func:`robustbench_endo.results.compare`.

    Returns:
        The file.

    Raises:
        RobustEndoError: runs that cannot be compared, another suffix, or a file that cannot be written.
    """
    path = Path(path)
    if path.suffix not in ("", ".html"):
        raise RobustEndoError(
            f"Expected a folder or a file ending in .html for the comparison, got {path}: name it compare.html."
        )
    target = path if path.suffix else path / "compare.html"
    _write(target, partial(write_atomically, content=compare_page(runs, metrics, baseline, resampling).encode()))
    return target


def output_path(name: str, path: Path) -> Path:
    """The file or folder of a format, for a report at ``path``."""
    return path.parent / _FOLDERS[name][0] if name in _FOLDERS else path.with_suffix(FILES[name][0])


def _format_of(path: Path) -> str:
    suffixes = {suffix: name for name, (suffix, _) in FILES.items()}
    return suffixes.get(path.suffix.lower(), path.suffix.removeprefix("."))


def _check(formats: Sequence[str], path: Path, page_size: str) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise RobustEndoError(
            f"Expected a report as {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {unknown[0] or 'no suffix'!r} for "
            f"{path}: name the file report.html, report.pdf, report.tex or report.md."
        )
    if page_size not in PAGE_SIZES:
        raise RobustEndoError(
            f"Expected {' or '.join(PAGE_SIZES)} as the page size, got {page_size!r}: choose one of them."
        )


def _write(path: Path, write: Callable[[Path], object]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except OSError as error:
        raise RunError(
            f"Cannot write {path}: {error.strerror or error}. Choose another folder or change its permissions."
        ) from error
