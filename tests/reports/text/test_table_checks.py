"""Tables of a run folder that do not follow from its records."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest

from robustbench_endo.reports import check_tables, write_reports
from robustbench_endo.reports.text import table_checks
from robustbench_endo.results import Resampling


@pytest.fixture(scope="module")
def written(build_run, tmp_path_factory):
    """A run with its tables, for tests that work on a copy, and the tables that follow from its records."""
    folder = tmp_path_factory.mktemp("written") / "run"
    run = build_run(folder, models=["one", "two"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    write_reports(run, run.path, ("csv",))
    return run, table_checks.data_tables(run, False)


def problem(results):
    """The problem of the only check."""
    (check,) = check_tables(results)
    return check.problem


def test_check_tables_passes_tables_with_and_without_intervals(make_run):
    run = make_run(models=["=one", "two"], corruptions=["smoke"], severities=[1, 3], gallery=False)
    assert check_tables(run) == []
    for intervals in (False, True):
        write_reports(run, run.path, ("csv",), intervals)
        assert problem(run) == ""


@pytest.mark.parametrize("name", ["scores.csv", "table.csv", "robustness.parquet", "labels.csv"])
@pytest.mark.parametrize("edit", ["number", "text", "row"])
def test_check_tables_names_a_changed_file(written, tmp_path, monkeypatch, name, edit):
    original, tables = written
    run = replace(original, path=shutil.copytree(original.path, tmp_path / "run"))

    def computed(results, intervals):
        assert (results.path, intervals) == (run.path, False)
        return tables

    # The other tests compute them; the subject of this one is the comparison.
    monkeypatch.setattr(table_checks, "data_tables", computed)
    path = run.path / "tables" / name
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    if edit == "row":
        frame = frame.iloc[1:]
    elif edit == "text":
        frame["model"] = frame["model"].replace("one", "best")
    else:
        column = next(iter(frame.select_dtypes("number").columns[::-1]))
        frame[column] = frame[column] + 1
    _ = frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path, index=False)
    text = problem(run)
    assert text.startswith(f"tables/{name} has ")
    assert ("rows and" in text) == (edit == "row")


def test_check_tables_compares_intervals_with_their_settings(make_run):
    run = make_run(models=["one"], corruptions=["smoke"], severities=[1], gallery=False)
    write_reports(run, run.path, ("csv",), Resampling(confidence=0.9))
    assert problem(run) == ""
    path = run.path / "tables" / "scores.csv"
    frame = pd.read_csv(path)
    low = frame.loc[1, "dice_low"]
    frame.loc[1, "dice_low"] = 12.5
    frame.to_csv(path, index=False)
    assert problem(run).startswith(
        f"tables/scores.csv has another dice_low in row 2 than the records give: 12.5 instead of {low}"
    )


def test_check_tables_needs_the_settings_and_readable_files(written, tmp_path):
    run = replace(written[0], path=shutil.copytree(written[0].path, tmp_path / "run"))
    (run.path / "tables" / "table.parquet").write_bytes(b"PAR1")
    assert problem(run).startswith("tables/table.parquet cannot be read (")
    (run.path / "tables" / "settings.json").write_text("{}")
    assert problem(run).startswith("tables/settings.json is missing or was changed. Write it again")
