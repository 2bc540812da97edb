"""The report and the printed tables of the usual run, computed once with few resamples."""

from __future__ import annotations

import pytest

from robustbench_endo.reports.data.report_data import report_data
from robustbench_endo.reports.text import printed_tables
from robustbench_endo.results import Resampling

RESAMPLING = Resampling(resamples=200)


@pytest.fixture(scope="session")
def resampling():
    return RESAMPLING


@pytest.fixture(scope="session")
def printed_report(usual_run):
    """The usual run, its report without printed intervals, and its tables."""
    report = report_data(usual_run)
    return usual_run, report, printed_tables(usual_run, report)


@pytest.fixture(scope="session")
def expected_rows():
    """A function: label of each row of the table of scores -> numbers of some metrics, as printed."""

    def rows(results, *metrics):
        table = results.table(metrics)
        return {
            _label(*key): [f"{value:.2f}" for value in values]
            for key, values in zip(table.index, table.to_numpy(float), strict=True)
        }

    return rows


def _label(category, name):
    special = {"clean": "Clean", "all": "Mean of all corruptions"}
    text = special.get(name, name.replace("_", " ").replace("jpeg", "JPEG"))
    return text[:1].upper() + text[1:]
