"""Whether the reports of a run folder have the numbers that follow from its records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.gate.report import GATE_FILE
from robustbench_endo.reports.data.gate import gate_sha256
from robustbench_endo.reports.html.page_check import page_difference, page_settings
from robustbench_endo.reports.pdf.file_check import pdf_difference
from robustbench_endo.reports.stored_settings import find_settings, resampling_of
from robustbench_endo.reports.text.line_check import line_difference
from robustbench_endo.reports.write import FILES, ReportRequest
from robustbench_endo.results import Check

if TYPE_CHECKING:
    import pandas as pd

    from robustbench_endo.results import Results

Settings = Mapping[str, Any]

_FORMS: Mapping[str, tuple[Callable[[bytes], Settings], Callable[[bytes, bytes], str]]] = {
    "html": (page_settings, page_difference),
    "pdf": (find_settings, pdf_difference),
    "latex": (find_settings, line_difference),
    "md": (find_settings, line_difference),
}
"""Format -> the functions that read its settings and compare it with the expected file."""

_AGAIN = "Write it again with robust-endo report"


def check_reports(results: Results, published: pd.DataFrame | None = None) -> list[Check]:
    """Write the reports of a run folder again with the settings that they name, and compare.

    Images and the inside of drawings are not compared.

    Args:
        results: a run with its folder.
        published: published numbers of the run, as :func:`robustbench_endo.reports.report` got them.

    Returns:
        A check for each of report.html, report.pdf, report.tex and report.md that is in the folder.
    """
    requests: dict[str, ReportRequest] = {}

    def request(settings: Settings) -> ReportRequest:
        """What was requested; the same for files that share their content."""
        intervals, use = resampling_of(settings), str(settings["intended_use"])
        key = repr((intervals, use, settings["published"]))
        if key not in requests:
            requests[key] = ReportRequest(results, intervals, "a4", published if settings["published"] else None, use)
        requests[key].page_size = str(settings.get("page_size", "a4"))
        return requests[key]

    paths = {} if results.path is None else {name: results.path / f"report{FILES[name][0]}" for name in _FORMS}
    return [
        Check(f"{path.name} agrees with the records", _problem(results, path, name, request))
        for name, path in paths.items()
        if path.is_file()
    ]


def _problem(results: Results, path: Path, form: str, request: Callable[[Settings], ReportRequest]) -> str:
    """What differs in a report; empty for nothing."""
    stored, name = path.read_bytes(), path.name
    read, compare = _FORMS[form]
    try:
        settings = read(stored)
        if settings["gate"] != gate_sha256(results):
            return f"{name} was written with another {GATE_FILE}, or without it. {_AGAIN}."
        expected = FILES[form][1](request(settings))
    except RobustEndoError as error:  # a gate.json that cannot be read, or a missing package
        return str(error)
    except (KeyError, TypeError, ValueError):
        return f"{name} is no report of this version, or its settings were removed. {_AGAIN}."
    difference = "" if stored == expected else compare(stored, expected)
    return f"{name} {difference} {_AGAIN}." if difference else ""
