"""Whether the reports of a run folder have the numbers that follow from its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate.report import GATE_FILE
from robustbench_endo.reports.data.gate import gate_sha256
from robustbench_endo.reports.data.report_data import ReportData, report_data
from robustbench_endo.reports.html.page import html
from robustbench_endo.reports.html.page_check import page_difference, page_settings
from robustbench_endo.reports.pdf import pdf
from robustbench_endo.reports.pdf.file_check import pdf_difference
from robustbench_endo.reports.stored_settings import find_settings, resampling_of
from robustbench_endo.reports.text import latex, markdown, printed_tables
from robustbench_endo.reports.text.line_check import line_difference
from robustbench_endo.results import Check

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results

Settings = Mapping[str, Any]

_AGAIN = "Write it again with robust-endo report"


@dataclass
class _Recomputation:
    """The content of reports by their settings; that of the last settings is reused for the next format."""

    results: Results
    published: pd.DataFrame | None
    latest: dict[str, ReportData] = field(default_factory=dict)

    def data(self, settings: Settings) -> ReportData:
        """Raise ValueError where the settings are not those of a report."""
        intervals = resampling_of(settings)
        try:
            published = self.published if settings["published"] else None
            key = repr((intervals, settings["published"], use := str(settings["intended_use"])))
        except KeyError as error:
            raise ValueError(str(error)) from error
        if key not in self.latest:
            self.latest = {key: report_data(self.results, intervals, published, use)}
        return self.latest[key]

    def html(self, settings: Settings) -> bytes:
        return html(self.data(settings)).encode()

    def pdf(self, settings: Settings) -> bytes:
        return pdf(self.data(settings), str(settings.get("page_size", "a4")))

    def latex(self, settings: Settings) -> bytes:
        data = self.data(settings)
        tables = printed_tables(self.results, data, resampling_of(settings))
        return latex(tables, data.name, self.results.protocol, data.settings).encode()

    def markdown(self, settings: Settings) -> bytes:
        data = self.data(settings)
        return markdown(data, printed_tables(self.results, data, resampling_of(settings))).encode()


def check_reports(results: Results, published: pd.DataFrame | None = None) -> list[Check]:
    """Write the reports of a run folder again with the settings that they name, and compare.

    Compared are all printed texts and the data of the page; figures are not.

    Args:
        results: a run with its folder.
        published: published numbers of the run, as :func:`robustbench_endo.reports.report` got them.

    Returns:
        A check for each of report.html, report.pdf, report.tex and report.md that is in the folder.
    """
    again = _Recomputation(results, published)
    forms: dict[str, tuple[_Read, _Write, _Compare]] = {
        "report.html": (page_settings, again.html, page_difference),
        "report.pdf": (find_settings, again.pdf, pdf_difference),
        "report.tex": (find_settings, again.latex, line_difference),
        "report.md": (find_settings, again.markdown, line_difference),
    }
    paths = [] if results.path is None else [results.path / name for name in forms]
    return [
        Check(f"{path.name} agrees with the records", _problem(results, path, *forms[path.name]))
        for path in paths
        if path.is_file()
    ]


_Read = Callable[[bytes], Settings]
_Write = Callable[[Settings], bytes]
_Compare = Callable[[bytes, bytes], str]


def _problem(results: Results, path: Path, read: _Read, write: _Write, compare: _Compare) -> str:
    """What differs in a report; empty for nothing."""
    stored, name = path.read_bytes(), path.name
    try:
        settings = read(stored)
        if settings["gate"] != gate_sha256(results):
            return f"{name} was written with another {GATE_FILE}, or without it. {_AGAIN}."
        expected = write(settings)
    except RobustEndoError as error:  # a gate.json that cannot be read, or a missing package
        return str(error)
    except (KeyError, TypeError, ValueError):
        return f"{name} is no report of this version, or its settings were removed. {_AGAIN}."
    difference = "" if stored == expected else compare(stored, expected)
    return f"{name} {difference} {_AGAIN}." if difference else ""
